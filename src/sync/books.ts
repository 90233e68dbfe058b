import type { Books } from '../ledger/runs.ts'

/** What became of one record of a run. */
export type OutcomeKind = Exclude<keyof Books, 'seen' | 'reasons'>

export const emptyBooks = (): Books => ({
  seen: 0,
  applied: 0,
  unchanged: 0,
  echo: 0,
  merged: 0,
  conflicted: 0,
  parked: 0,
  skipped: 0,
  reasons: {}
})

/** Counts one record under what became of it; what was parked or skipped with the reason. */
export function count(books: Books, kind: OutcomeKind, reason?: string, times = 1): void {
  books[kind] += times
  if (reason !== undefined) books.reasons[reason] = (books.reasons[reason] ?? 0) + times
}

/** Two books as one. */
export function added(one: Books, other: Books): Books {
  const sum = { ...one, reasons: { ...one.reasons } }
  for (const name of ['seen', 'applied', 'unchanged', 'echo', 'merged', 'conflicted', 'parked', 'skipped'] as const)
    sum[name] += other[name]
  for (const [reason, times] of Object.entries(other.reasons)) sum.reasons[reason] = (sum.reasons[reason] ?? 0) + times
  return sum
}

/** The books of a run do not balance: a record was lost or counted twice on the way. Its cursor stays where it was. */
export class BooksDoNotBalance extends Error {
  override readonly name = 'BooksDoNotBalance'
  constructor(books: Books) {
    super(
      `${books.seen} records seen, but ${accounted(books)} accounted for; the run has failed and will be repeated from its beginning`
    )
  }
}

export const accounted = (books: Books): number =>
  books.applied + books.unchanged + books.echo + books.merged + books.conflicted + books.parked + books.skipped

export function requireBalance(books: Books): void {
  if (accounted(books) !== books.seen) throw new BooksDoNotBalance(books)
}
