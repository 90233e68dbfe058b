import type { Books } from '../ledger/runs.ts'
import { table } from './table.ts'

export interface RunShown {
  readonly connection: string
  readonly entity: string
  readonly kind: string
  readonly state: string
  readonly books: Books
  readonly error: string | null
}

/** The books of runs, as people read them: every record seen is in exactly one of the columns after it. */
export function booksTable(runs: readonly RunShown[]): string {
  const heading = [
    'connection',
    'record type',
    'run',
    'seen',
    'applied',
    'unchanged',
    'echo',
    'merged',
    'conflicted',
    'parked',
    'skipped',
    'state'
  ]
  const rows = runs.map(({ connection, entity, kind, state, books, error }) => [
    connection,
    entity,
    kind,
    books.seen,
    books.applied,
    books.unchanged,
    books.echo,
    books.merged,
    books.conflicted,
    books.parked,
    books.skipped,
    [state, ...Object.entries(books.reasons).map(([reason, times]) => `${reason} ${times}`), error].filter(Boolean).join(', ')
  ])
  return rows.length === 0 ? 'Nothing was to be read.' : table(heading, rows)
}
