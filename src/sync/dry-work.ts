/** What the links that are due would write, found in a transaction that leaves nothing. Partners are read, never written. */
import { applyRecords } from './apply.ts'
import { boundEntity, recordTypeOf, type SyncConnection, writableOf } from './connection.ts'
import type { EngineContext } from './engine-context.ts'
import { recordHashOf } from './hash.ts'
import { type WouldWrite, wouldWriteOf } from './would-write.ts'

/** Ends the transaction of a dry run: nothing of it may stay. */
class DryRunOver extends Error {
  override readonly name = 'DryRunOver'
}

const atMost = 1000

export async function dryWork(engine: EngineContext, connection: SyncConnection): Promise<WouldWrite[]> {
  const { ledger } = engine.store
  const due = await ledger.dueLinks(connection.name, engine.ports.clock.now(), atMost)
  const links = await ledger.readLinks(due)
  const would: WouldWrite[] = []
  for (const { id, entity, partnerKey, anchorType, anchorId } of links.values()) {
    const type = recordTypeOf(connection, entity)
    if (type && partnerKey === null) {
      const reference = anchorId === null ? null : `${anchorType}/${anchorId}`
      const none = { connection: connection.name, rows: [], conflicts: [], reason: null } as const
      would.push({ ...none, entity, partnerKey, hub: 'none', partner: 'create', reference })
    } else if (type?.read && partnerKey !== null) {
      const answer = await connection.client.call(type.read.call, { path: type.read.path(partnerKey) })
      if (answer.kind === 'ok') would.push(...(await dryApply(engine, connection, entity, id, answer.data)))
    }
  }
  return would
}

async function dryApply(
  { store, ports }: EngineContext,
  connection: SyncConnection,
  entity: string,
  linkId: string,
  record: unknown
): Promise<WouldWrite[]> {
  const bound = boundEntity(connection, entity)
  let would: WouldWrite[] = []
  const transaction = store.transaction(async (tx) => {
    const link = (await tx.ledger.lockLinks([linkId])).get(linkId)
    const incoming = { record, rawHash: null, recordHash: recordHashOf(record), link, changedAt: bound.changedAt(record) }
    const context = {
      connection: connection.name,
      bound,
      writable: writableOf(connection, bound.entity),
      newId: ports.newId,
      now: ports.clock.now(),
      runId: null,
      origin: 'read' as const,
      actor: 'engine',
      tells: true,
      dryRun: true,
      ...(connection.rules ? { rules: connection.rules } : {})
    }
    would = (await applyRecords(tx, context, [incoming])).flatMap((one) => wouldWriteOf(connection.name, entity, one))
    throw new DryRunOver()
  })
  await transaction.catch((error: unknown) => {
    if (!(error instanceof DryRunOver)) throw error
  })
  return would.filter(({ hub, partner, conflicts }) => hub !== 'none' || partner !== 'none' || conflicts.length > 0)
}
