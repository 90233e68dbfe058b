/** A batch of listed records against the ledger: one query tells what is unchanged, and only the rest is parsed and applied. */
import { unforeseenFields } from '#mapping'
import type { Link } from '../ledger/links.ts'
import type { Books } from '../ledger/runs.ts'
import { applyRecords } from './apply.ts'
import type { ApplyContext } from './batch-writes.ts'
import { count, emptyBooks } from './books.ts'
import { boundEntity, recordTypeOf, type SyncConnection, writableOf } from './connection.ts'
import type { Incoming } from './gather.ts'
import { rawHashOf, recordHashOf } from './hash.ts'
import { judgeListed } from './judge-listed.ts'
import { applyNested } from './nested.ts'
import type { Transaction } from './store.ts'
import { type WouldWrite, wouldWriteOf } from './would-write.ts'

/** A record of a listing, still unparsed. */
export interface Listed {
  readonly key: string
  /** When the page was asked for: what was agreed since then is newer than what it says. */
  readonly askedAt: number
  readonly bytes: Uint8Array
  read(): unknown
}

export interface Comparison {
  readonly tx: Transaction
  readonly connection: SyncConnection
  readonly entity: string
  readonly context: Omit<ApplyContext, 'bound' | 'writable' | 'origin'>
}

/** What became of a batch: its books, those of nested records by entity, and which links it met. */
export interface Compared {
  readonly books: Books
  readonly nested: ReadonlyMap<string, Books>
  readonly met: readonly string[]
  readonly wouldWrite: readonly WouldWrite[]
}

export async function compareBatch(comparison: Comparison, batch: readonly Listed[]): Promise<Compared> {
  const { tx, connection, entity } = comparison
  const books = emptyBooks()
  books.seen = batch.length
  const hashes = batch.map((one) => rawHashOf(one.bytes))
  const known = await tx.ledger.unchangedByBytes(
    connection.name,
    entity,
    batch.map((one) => one.key),
    hashes
  )
  count(books, 'unchanged', undefined, known.size)
  const met = [...known.values()]
  const rest = batch.flatMap((one, index) => (known.has(index) ? [] : [{ one, rawHash: hashes[index] as Buffer }]))
  if (rest.length === 0) return { books, nested: new Map(), met, wouldWrite: [] }
  const changed = await sortOut(comparison, rest, books, met)
  if (changed.length === 0) return { books, nested: new Map(), met, wouldWrite: [] }
  return { books, met, ...(await applyChanged(comparison, changed, books, met)) }
}

interface Unparsed {
  readonly one: Listed
  readonly rawHash: Buffer
}

/** Counts what needs no work, notes what must be looked at again, and gives the records that did change. */
async function sortOut(
  { tx, connection, entity, context }: Comparison,
  rest: readonly Unparsed[],
  books: Books,
  met: string[]
): Promise<Incoming[]> {
  const bound = boundEntity(connection, entity)
  const type = recordTypeOf(connection, entity)
  const found = await tx.ledger.linksByKey(
    connection.name,
    entity,
    rest.map(({ one }) => one.key)
  )
  const links = await tx.ledger.lockLinks([...found.values()].map((link) => link.id))
  const inDoubt = type?.create ? await tx.ledger.createsInDoubt(connection.name, entity, type.create.call) : []
  const inFlight = await tx.ledger.linksInFlight([...links.keys()])
  const agreedAt = await tx.ledger.observedAt([...links.values()].flatMap((link) => link.baseObservation ?? []))
  const same: { link: Link; rawHash: Buffer }[] = []
  const lookAgain: string[] = []
  const changed = new Map<string, Incoming>()
  for (const { one, rawHash } of rest) {
    const record = readOrNothing(one)
    if (record === undefined) {
      count(books, 'parked', 'unreadable')
      continue
    }
    const link = links.get(found.get(one.key)?.id ?? '')
    if (link) met.push(link.id)
    const recordHash = recordHashOf(record)
    const verdict = judgeListed(recordHash, link, {
      inWork: link !== undefined && (link.leasedUntil > context.now || inFlight.has(link.id)),
      agreedSince: (agreedAt.get(link?.baseObservation ?? '') ?? 0) >= one.askedAt,
      listedBefore: changed.has(one.key),
      mayBeOurs: inDoubt.some((doubt) => type?.create?.resembles?.(doubt.record, record) ?? false)
    })
    if (verdict.kind === 'changed') noteUnforeseen(books, unforeseenFields(bound.entity.record, record))
    if (verdict.kind === 'changed')
      changed.set(one.key, { record, rawHash, recordHash, link, changedAt: bound.changedAt(record) })
    else count(books, verdict.kind, verdict.reason)
    if (link && verdict.kind === 'unchanged') same.push({ link, rawHash })
    if (link && verdict.lookAgain) lookAgain.push(link.id)
  }
  await tx.ledger.rememberBytes(same.map(({ link, rawHash }) => ({ id: link.id, rawHash })))
  await tx.ledger.countFound(same.flatMap(({ link }) => (link.missing > 0 ? [link.id] : [])))
  if (type?.read) await tx.ledger.markDue(lookAgain)
  return [...changed.values()]
}

/** Fields in no schema stay in the base; the books say which, and in how many records. */
function noteUnforeseen({ reasons }: Books, paths: readonly string[]): void {
  for (const path of paths) {
    const reason = `in no schema: ${path}`
    reasons[reason] = (reasons[reason] ?? 0) + 1
  }
}

function readOrNothing(one: Listed): unknown {
  try {
    return one.read()
  } catch {
    return undefined
  }
}

async function applyChanged(
  { tx, connection, entity, context }: Comparison,
  changed: readonly Incoming[],
  books: Books,
  met: string[]
): Promise<Pick<Compared, 'nested' | 'wouldWrite'>> {
  const bound = boundEntity(connection, entity)
  const nested = new Map<string, Books>()
  const wouldWrite: WouldWrite[] = []
  for (const [name, results] of await applyNested(tx, connection, bound, context, changed)) {
    const own = emptyBooks()
    own.seen = results.length
    for (const { kind, reason } of results) count(own, kind, reason)
    nested.set(name, own)
    if (context.dryRun)
      wouldWrite.push(...results.filter(({ noted }) => noted).flatMap((one) => wouldWriteOf(connection.name, name, one)))
  }
  const applied = await applyRecords(
    tx,
    { ...context, bound, writable: writableOf(connection, bound.entity), origin: 'listed' },
    changed
  )
  for (const one of applied) {
    count(books, one.kind, one.reason)
    if (one.linkId) met.push(one.linkId)
    if (context.dryRun) wouldWrite.push(...wouldWriteOf(connection.name, entity, one))
  }
  return { nested, wouldWrite }
}
