/** A link in the hands of one worker, and what only its holder may do. */
import type { Link } from '../ledger/links.ts'
import { type Applied, applyRecords } from './apply.ts'
import { boundEntity, type SyncConnection, writableOf } from './connection.ts'
import type { EngineContext } from './engine-context.ts'
import type { Incoming } from './gather.ts'
import { recordHashOf } from './hash.ts'
import { applyNested } from './nested.ts'
import { repeatOnCollision } from './repeat-on-collision.ts'
import type { Transaction } from './store.ts'

/** A link that one worker holds, and the fence it must still have whenever it writes. */
export interface Held {
  readonly engine: EngineContext
  readonly connection: SyncConnection
  readonly link: Link
  readonly fence: number
  readonly actor: string
}

/** What became of working a link. */
export interface Worked {
  readonly outcome: 'in-step' | 'pushed' | 'conflicted' | 'waiting' | 'parked' | 'busy' | 'skipped'
  readonly reason?: string
}

/** The link could not be worked now; the job is tried again later. */
export class TryLater extends Error {
  override readonly name = 'TryLater'
}

/** Applies a record just read, in a transaction that still holds the link. */
export async function applyFresh(held: Held, record: unknown, origin: 'read' | 'nested'): Promise<Applied> {
  const { engine, connection, actor } = held
  const bound = boundEntity(connection, held.link.entity)
  const writable = writableOf(connection, bound.entity)
  const changedAt = bound.changedAt(record)
  return fenced(held, async (tx, link) => {
    const context = {
      connection: connection.name,
      newId: engine.ports.newId,
      now: engine.ports.clock.now(),
      runId: null,
      actor,
      tells: true,
      ...(connection.rules ? { rules: connection.rules } : {})
    }
    const incoming: Incoming = {
      record,
      rawHash: origin === 'nested' ? link.rawHash : null,
      recordHash: recordHashOf(record),
      link,
      changedAt: changedAt ?? link.changedAt ?? undefined
    }
    if (origin === 'read') await applyNested(tx, connection, bound, context, [incoming])
    const [applied] = await applyRecords(tx, { ...context, bound, writable, origin }, [incoming])
    return applied as Applied
  })
}

/** Runs a transaction in which this worker still holds the link; repeated when it met another one. */
export async function fenced<T>({ engine, link, fence }: Held, work: (tx: Transaction, link: Link) => Promise<T>): Promise<T> {
  const { store, ports } = engine
  return repeatOnCollision(() =>
    store.transaction(async (tx) => {
      if (!(await tx.ledger.holdsLink(link.id, fence, ports.clock.now())))
        throw new TryLater('another worker has taken the link over')
      const current = (await tx.ledger.lockLinks([link.id])).get(link.id) as Link
      return work(tx, current)
    })
  )
}

/** Puts a link aside for a person. */
export async function park(tx: Transaction, link: Link, reason: string): Promise<void> {
  const now = (await tx.ledger.lockLinks([link.id])).get(link.id)
  if (now) await tx.ledger.writeLinks([{ ...now, state: 'parked', reason, due: false }])
}
