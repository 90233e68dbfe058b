/** What EHRs write into the hub is looked at by the links that it concerns: marked in the same transaction, worked after it. */

import type { Transaction as KyselyTransaction } from 'kysely'
import { type AnyEntity, codeSystem } from '#mapping'
import type { Database } from '../database/tables.ts'
import { hubStoreOn } from '../fhir/store/hub-store.ts'
import type { Change, OnWrite } from '../fhir/store/write-changes.ts'
import type { Jobs } from '../jobs.ts'
import { type Ledger, ledgerOn } from '../ledger/ledger.ts'
import type { NewId } from '../ports.ts'
import { boundEntity, recordTypeOf, type SyncConnection } from './connection.ts'
import { linksOfContested } from './crosswalk/contested.ts'

const syncTarget = codeSystem('sync-target')

export function onHubWrite(connections: readonly SyncConnection[], jobs: Pick<Jobs, 'send'>, newId: NewId): OnWrite {
  return async (tx: KyselyTransaction<Database>, changes: readonly Change[]) => {
    const ledger = ledgerOn(tx)
    const refs = changes.map(({ resourceType, id }) => ({ resourceType, id }))
    const owners = await ledger.ownersOf(refs)
    const owned = new Set(owners.map((owner) => `${owner.resourceType}/${owner.resourceId}`))
    const born = changes.flatMap((change) =>
      owned.has(`${change.resourceType}/${change.id}`) || change.deleted ? [] : bornFor(connections, change)
    )
    const anchors = await ledger.linksOfAnchors(born.map(({ change }) => change.id))
    const fresh = born
      .filter(({ change }) => !anchors.has(change.id))
      .map(({ connection, entity, change }) => ({ id: newId(), connection, entity, change }))
    await ledger.writeLinks(
      fresh.map(({ id, connection, entity, change }) => ({
        id,
        connection: connection.name,
        entity: entity.name,
        partnerKey: null,
        state: 'waiting' as const,
        reason: 'born-in-fhir',
        rawHash: null,
        recordHash: null,
        baseObservation: null,
        mappingVersion: null,
        changedAt: null,
        anchorType: change.resourceType,
        anchorId: change.id,
        due: true,
        alternations: 0
      }))
    )
    const waiting = await waitingFor(ledger, connections, changes)
    const contested = await linksOfContested(hubStoreOn(tx), ledger, changes)
    const concerned = [...new Set([...owners.map((owner) => owner.linkId), ...anchors.values(), ...waiting, ...contested])].sort()
    await ledger.markDue(concerned)
    for (const id of [...concerned, ...fresh.map((one) => one.id)].sort()) await jobs.send(tx, id)
  }
}

/** The connections that a new resource is meant for: those that its tags name, by connection or by partner. */
function bornFor(
  connections: readonly SyncConnection[],
  change: Change
): { connection: SyncConnection; entity: AnyEntity; change: Change }[] {
  const codes = (change.resource.meta?.tag ?? []).filter((tag) => tag.system === syncTarget).map((tag) => tag.code)
  if (codes.length === 0) return []
  return connections.flatMap((connection) => {
    if (!codes.includes(connection.name) && !codes.includes(connection.client.partner.name)) return []
    const entity = connection.entities.find(
      (one) => recordTypeOf(connection, one.name)?.create && anchorType(one) === change.resourceType
    )
    // one that bears the partner's id says that the partner has it: it is never created, the next listing ties it
    return entity && !bearsKey(connection, entity, change) ? [{ connection, entity, change }] : []
  })
}

function bearsKey(connection: SyncConnection, entity: AnyEntity, { resource }: Change): boolean {
  const { keySystem } = boundEntity(connection, entity.name).anchor
  const { identifier } = resource as { identifier?: unknown }
  return Array.isArray(identifier) && identifier.some((one: { system?: unknown }) => one.system === keySystem)
}

function anchorType(entity: AnyEntity): string | undefined {
  const part = entity.parts[entity.anchor]
  return part?.kind === 'resource' ? part.mapping.resourceType : undefined
}

const mayUnblock = new Set(['Patient', 'Practitioner', 'Organization', 'Coverage', 'Condition', 'Account'])

/** What waits for a resource may go on when one of such a type was written. */
async function waitingFor(ledger: Ledger, connections: readonly SyncConnection[], changes: readonly Change[]): Promise<string[]> {
  if (!changes.some((change) => mayUnblock.has(change.resourceType))) return []
  const born = await ledger.linksBornWaiting()
  const inNeed = (await ledger.linksInNeedOfIdentity()).filter((link) => {
    const connection = connections.find(({ name }) => name === link.connection)
    return connection !== undefined && recordTypeOf(connection, link.entity) !== undefined
  })
  return [...born, ...inNeed.map(({ id }) => id)]
}
