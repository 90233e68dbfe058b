/** What EHRs write into the hub is looked at by the links that it concerns: marked in the same transaction, worked after it. */
import { type AnyEntity, codeSystem } from '#mapping'
import type { Transaction as KyselyTransaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { hubStoreOn } from '../fhir/store/hub-store.ts'
import type { Change, OnWrite } from '../fhir/store/write-changes.ts'
import type { Jobs } from '../jobs.ts'
import { ledgerOn } from '../ledger/ledger.ts'
import type { NewId } from '../ports.ts'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import { linksOfContested } from './crosswalk/contested.ts'

const syncTarget = codeSystem('sync-target')

export function onHubWrite(connections: readonly SyncConnection[], jobs: Pick<Jobs, 'send'>, newId: NewId): OnWrite {
  return async (tx: KyselyTransaction<Database>, changes: readonly Change[]) => {
    const ledger = ledgerOn(tx)
    const refs = changes.map(({ resourceType, id }) => ({ resourceType, id }))
    const owners = await ledger.ownersOf(refs)
    const owned = new Set(owners.map((owner) => `${owner.resourceType}/${owner.resourceId}`))
    const born = changes.flatMap((change) => (owned.has(`${change.resourceType}/${change.id}`) || change.deleted ? [] : bornFor(connections, change)))
    const anchors = await knownAnchors(tx, born.map(({ change }) => change.id))
    const fresh = born.filter(({ change }) => !anchors.has(change.id)).map(({ connection, entity, change }) => ({ id: newId(), connection, entity, change }))
    await ledger.writeLinks(
      fresh.map(({ id, connection, entity, change }) => ({
        id, connection: connection.name, entity: entity.name, partnerKey: null, state: 'waiting' as const, reason: 'born-in-fhir', rawHash: null,
        recordHash: null, baseObservation: null, mappingVersion: null, changedAt: null, anchorType: change.resourceType, anchorId: change.id,
        due: true, alternations: 0
      }))
    )
    const waiting = await waitingFor(tx, connections, changes)
    const contested = await linksOfContested(hubStoreOn(tx), ledger, changes)
    const concerned = [...new Set([...owners.map((owner) => owner.linkId), ...anchors.values(), ...waiting, ...contested])].sort()
    await ledger.markDue(concerned)
    for (const id of [...concerned, ...fresh.map((one) => one.id)].sort()) await jobs.send(tx, id)
  }
}

/** The connections that a new resource is meant for: those that its tags name, by connection or by partner. */
function bornFor(connections: readonly SyncConnection[], change: Change): { connection: SyncConnection; entity: AnyEntity; change: Change }[] {
  const codes = (change.resource.meta?.tag ?? []).filter((tag) => tag.system === syncTarget).map((tag) => tag.code)
  if (codes.length === 0) return []
  return connections.flatMap((connection) => {
    if (!codes.includes(connection.name) && !codes.includes(connection.client.partner.name)) return []
    const entity = connection.entities.find((one) => recordTypeOf(connection, one.name)?.create && anchorType(one) === change.resourceType)
    return entity ? [{ connection, entity, change }] : []
  })
}

function anchorType(entity: AnyEntity): string | undefined {
  const part = entity.parts[entity.anchor]
  return part?.kind === 'resource' ? part.mapping.resourceType : undefined
}

/** Links that were made for these anchors before and are not known at the partner yet. */
async function knownAnchors(tx: KyselyTransaction<Database>, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.selectFrom('link').select(['id', 'anchor_id']).where('anchor_id', 'in', [...ids]).where('partner_key', 'is', null).execute()
  return new Map(rows.map((row) => [row.anchor_id as string, row.id]))
}

const identityTypes = new Set(['Patient', 'Practitioner', 'Organization', 'Coverage', 'Condition', 'Account'])

/** What waits for a resource may go on when one of such a type was written. */
async function waitingFor(tx: KyselyTransaction<Database>, connections: readonly SyncConnection[], changes: readonly Change[]): Promise<string[]> {
  if (!changes.some((change) => identityTypes.has(change.resourceType))) return []
  const rows = await tx.selectFrom('link').select('id').where('state', '=', 'waiting').where('partner_key', 'is', null).orderBy('id').limit(1000).execute()
  const inNeed = (await ledgerOn(tx).linksInNeedOfIdentity()).filter((link) => {
    const connection = connections.find(({ name }) => name === link.connection)
    return connection !== undefined && recordTypeOf(connection, link.entity) !== undefined
  })
  return [...rows, ...inNeed].map(({ id }) => id)
}
