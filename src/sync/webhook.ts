/** A partner says that something changed: the signature is checked over the raw bytes, the delivery kept once, the links marked as due. */
import { verifyWebhook } from '#partner'
import { applyRecords } from './apply.ts'
import { boundEntity, recordTypeOf, type SyncConnection, writableOf } from './connection.ts'
import type { EngineContext } from './engine-context.ts'
import { recordHashOf } from './hash.ts'
import { applyNested } from './nested.ts'
import { repeatOnCollision } from './repeat-on-collision.ts'
import type { Transaction } from './store.ts'

export interface WebhookAnswer {
  readonly status: 204 | 400 | 401 | 404 | 503
  readonly reason?: string
}

/**
 * Takes a delivery in. It is answered only after it is kept; a delivery that was kept before is answered the same way and does
 * nothing. The payload is believed in nothing but which record to look at.
 */
export async function receiveWebhook(
  engine: EngineContext,
  connection: SyncConnection | undefined,
  headers: Readonly<Record<string, string | undefined>>,
  body: Uint8Array
): Promise<WebhookAnswer> {
  const shape = connection?.client.partner.webhook
  if (!connection || !shape) return { status: 404, reason: 'no such receiver' }
  const now = engine.ports.clock.now()
  const verdict = verifyWebhook(shape, { headers, body }, connection.webhookSecrets(), now)
  if (verdict.kind === 'refused') return { status: 401, reason: verdict.reason }
  const unknown = await engine.store.transaction(async (tx) => {
    if (!(await tx.ledger.takeDelivery(connection.name, verdict.deliveryId, now))) return []
    const missing: { entity: string; key: string }[] = []
    for (const { recordType, partnerKey } of verdict.refs) missing.push(...(await look(tx, connection, recordType, partnerKey)))
    return missing
  })
  // a record that no link knows is read at once; should that fail, the next round's listing finds it
  for (const { entity, key } of unknown)
    await introduce(engine, connection, entity, key).catch((error) =>
      engine.log.warn('new record not read', { connection: connection.name, entity, error })
    )
  return { status: 204 }
}

async function look(
  tx: Transaction,
  connection: SyncConnection,
  entity: string,
  key: string
): Promise<{ entity: string; key: string }[]> {
  const link = (await tx.ledger.linksByKey(connection.name, entity, [key])).get(key)
  if (!link) return [{ entity, key }]
  await tx.ledger.markDue([link.id])
  await tx.workLater(link.id)
  return []
}

async function introduce(engine: EngineContext, connection: SyncConnection, entity: string, key: string): Promise<void> {
  const type = recordTypeOf(connection, entity)
  if (!type?.read) return
  const answer = await connection.client.call(type.read.call, { path: type.read.path(key) })
  if (answer.kind !== 'ok') return
  const bound = boundEntity(connection, entity)
  await repeatOnCollision(() =>
    engine.store.transaction(async (tx) => {
      const known = await tx.ledger.linksByKey(connection.name, entity, [key])
      const inDoubt = type.create ? await tx.ledger.createsInDoubt(connection.name, entity, type.create.call) : []
      if (known.size > 0 || inDoubt.some((one) => type.create?.resembles?.(one.record, answer.data))) return
      const context = {
        connection: connection.name,
        newId: engine.ports.newId,
        now: engine.ports.clock.now(),
        runId: null,
        actor: 'engine',
        tells: false
      }
      const changedAt = bound.changedAt(answer.data)
      const incoming = { record: answer.data, rawHash: null, recordHash: recordHashOf(answer.data), link: undefined, changedAt }
      await applyNested(tx, connection, bound, context, [incoming])
      await applyRecords(tx, { ...context, bound, writable: writableOf(connection, bound.entity), origin: 'read' }, [incoming])
    })
  )
}
