/** Works one link: reads both sides afresh, decides, writes. Whatever said "look at this" carries no more than the link's id. */
import type { Intent, IntentState } from '../ledger/intents.ts'
import type { Link } from '../ledger/links.ts'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import { createRecord } from './create-record.ts'
import { settleOwnPeople } from './crosswalk/settle-people.ts'
import type { EngineContext } from './engine-context.ts'
import { applyFresh, fenced, type Held, park, TryLater, type Worked } from './held-link.ts'
import { updateRecord } from './update-record.ts'

export async function workLink(
  engine: EngineContext,
  connections: ReadonlyMap<string, SyncConnection>,
  linkId: string,
  actor = 'engine'
): Promise<Worked> {
  const { store, ports } = engine
  const now = ports.clock.now()
  const link = (await store.ledger.readLinks([linkId])).get(linkId)
  const connection = link && connections.get(link.connection)
  if (!link || !connection || link.state === 'tombstone' || link.state === 'fused')
    return { outcome: 'skipped', reason: link?.state ?? 'unknown' }
  if (connection.paused()) return { outcome: 'skipped', reason: 'paused' }
  const fence = await store.ledger.takeLink(linkId, now, now + engine.leaseMs)
  if (fence === undefined) return { outcome: 'busy' }
  try {
    const fresh = (await store.ledger.readLinks([linkId])).get(linkId) as Link
    return await workHeld({ engine, connection, link: fresh, fence, actor })
  } finally {
    await store.ledger.releaseLink(linkId, fence)
  }
}

/** Works a link that this worker holds. */
export async function workHeld(taken: Held): Promise<Worked> {
  await settleOwnPeople(taken)
  const { parked, abandoned } = await settleAbandoned(taken)
  if (parked) return { outcome: 'parked', reason: parked }
  const held = { ...taken, link: (await taken.engine.store.ledger.readLinks([taken.link.id])).get(taken.link.id) as Link }
  const { connection, link } = held
  if (recordTypeOf(connection, link.entity) === undefined) return reconcileNested(held)
  if (link.partnerKey === null) return createRecord(held)
  return updateRecord(held, abandoned)
}

/**
 * Intents that a dead worker left behind are unknown. What can be done again is superseded by the fresh read that follows; what
 * cannot be seen or repeated waits for a person. Returns why the link is parked, if it is, and the writes that may have happened.
 */
async function settleAbandoned({ engine, link }: Held): Promise<{ parked: string | undefined; abandoned: readonly Intent[] }> {
  const live = await engine.store.ledger.liveIntents(link.id)
  if (live.length === 0) return { parked: undefined, abandoned: [] }
  const now = engine.ports.clock.now()
  // a request without an answer may still take effect: reading before it settles could see neither the one nor the other
  const settling = live.some((intent) => intent.effect === 'idempotent' && now < (intent.sentAt ?? 0) + engine.settleMs)
  if (settling) throw new TryLater('an earlier write has not settled yet')
  return engine.store.transaction(async (tx) => {
    let parked: string | undefined
    for (const intent of live) {
      const repeatable = intent.effect === 'idempotent'
      const state: IntentState = repeatable ? 'given-up' : 'parked'
      if (!repeatable) parked = 'create-unknown'
      if (intent.state !== state)
        await tx.ledger.settleIntent(intent.id, state, intent.state === 'sent' ? 'no-answer' : intent.outcome, now)
    }
    if (parked) await park(tx, link, parked)
    return { parked, abandoned: parked ? [] : live }
  })
}

/** A record that stands inside others has no read of its own: what was last seen of it stands for the partner. */
async function reconcileNested(held: Held): Promise<Worked> {
  const { store } = held.engine
  const { link } = held
  // a base that was put aside is still what the partner said last
  const seen = link.baseObservation ?? (await store.ledger.observationsOf(link.id, 1))[0]?.id
  const record = seen === undefined ? undefined : (await store.ledger.recordsOf([seen])).get(seen)
  if (record === undefined) {
    await fenced(held, (tx, current) => tx.ledger.writeLinks([{ ...current, due: false }]))
    return { outcome: 'skipped', reason: 'nothing-known' }
  }
  const applied = await applyFresh(held, record, 'nested')
  return { outcome: applied.kind === 'conflicted' ? 'conflicted' : 'in-step' }
}
