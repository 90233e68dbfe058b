/** A person settles what the engine may not: whether a record was created by a request whose answer was lost. */
import type { RecordType } from '#partner'
import type { Link } from '../ledger/links.ts'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import { agreeOnCreated, createRecord } from './create-record.ts'
import type { EngineContext } from './engine-context.ts'
import { fenced, type Held, type Worked } from './held-link.ts'
import { readBack, readFresh } from './update-record.ts'
import { workHeld } from './work-link.ts'

export type ParkedDecision =
  /** "It is this one": the record with this key at the partner is ours. */
  | { readonly kind: 'adopt'; readonly partnerKey: string }
  /** "It was not created": send it once more. */
  | { readonly kind: 'send-once' }
  | { readonly kind: 'leave' }

/** The decision cannot be carried out; the message says why and what to do. */
export class CannotSettle extends Error {
  override readonly name = 'CannotSettle'
}

export async function settleParked(
  engine: EngineContext,
  connections: ReadonlyMap<string, SyncConnection>,
  linkId: string,
  decision: ParkedDecision,
  by: string
): Promise<Worked> {
  const { store, ports } = engine
  const now = ports.clock.now()
  const link = (await store.ledger.readLinks([linkId])).get(linkId)
  const connection = link && connections.get(link.connection)
  if (!link || !connection) throw new CannotSettle(`there is no link ${linkId}; see 'ligature parked'`)
  const fence = await store.ledger.takeLink(linkId, now, now + engine.leaseMs)
  if (fence === undefined) throw new CannotSettle(`link ${linkId} is being worked; try again in a minute`)
  try {
    // only what the link is now, in our hands, counts: another person may have settled it a moment ago
    const held: Held = {
      engine,
      connection,
      link: (await store.ledger.readLinks([linkId])).get(linkId) as Link,
      fence,
      actor: by
    }
    if (held.link.state !== 'parked' && held.link.state !== 'fused')
      throw new CannotSettle(`link ${linkId} is not parked but ${held.link.state}; nothing was done`)
    await store.ledger.noteAudit([{ at: now, actor: by, action: `parked: ${decision.kind}`, linkId, detail: {} }])
    if (decision.kind === 'leave') return { outcome: 'parked', reason: held.link.reason ?? 'left' }
    if (held.link.partnerKey !== null) return await workAgain(held)
    return decision.kind === 'adopt' ? await adopt(held, decision.partnerKey) : await sendOnce(held)
  } finally {
    await store.ledger.releaseLink(linkId, fence)
  }
}

/** A record that the partner has is looked at anew: what parked it may be mended, and what went back and forth may rest by now. */
async function workAgain(held: Held): Promise<Worked> {
  await fenced(held, (tx, link) => tx.ledger.writeLinks([{ ...link, state: 'active', reason: null, due: true, alternations: 0 }]))
  return workHeld(held)
}

async function adopt(held: Held, partnerKey: string): Promise<Worked> {
  const { engine, connection, link } = held
  const type = recordTypeOf(connection, link.entity) as RecordType
  const taken = (await engine.store.ledger.linksByKey(connection.name, link.entity, [partnerKey])).get(partnerKey)
  if (taken) throw new CannotSettle(`the record is already tied to link ${taken.id}`)
  const withKey: Held = { ...held, link: { ...link, partnerKey } }
  const record = await readFresh(withKey, type)
  if (record === undefined) throw new CannotSettle('the partner has no record with that key')
  const [intent] = await engine.store.ledger.liveIntents(link.id)
  await agreeOnCreated(held, intent?.id ?? engine.ports.newId(), partnerKey, record as Record<string, unknown>, 'adopted')
  return readBack(withKey, type, intent?.id ?? engine.ports.newId())
}

async function sendOnce(held: Held): Promise<Worked> {
  const { engine, link } = held
  const now = engine.ports.clock.now()
  for (const intent of await engine.store.ledger.liveIntents(link.id))
    await engine.store.ledger.settleIntent(intent.id, 'given-up', 'not-created', now)
  return createRecord(held, { sure: true })
}
