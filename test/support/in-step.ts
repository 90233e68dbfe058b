/** Whether a twin and the hub say the same: every record is mapped afresh and compared with what the hub holds, row by row. */
import type { Resource } from '@medplum/fhirtypes'
import type { Kysely } from 'kysely'
import { expect } from 'vitest'
import { equal, keyOf, type Piece, sameForPartner, toFhir, withKeys } from '#mapping'
import type { SpryTwin } from '../../mappings/spry/twin.ts'
import type { Database } from '../../src/database/tables.ts'
import { readResources } from '../../src/fhir/store/read-resources.ts'
import { type Ledger, ledgerOn } from '../../src/ledger/ledger.ts'
import type { LinkResource } from '../../src/ledger/links.ts'
import { boundEntity, recordTypeOf, type SyncConnection } from '../../src/sync/connection.ts'
import { rowValue } from '../../src/sync/row-value.ts'

type Db = Kysely<Database>

/** In step: nothing is twice, nothing is missing, and every mapped row is the same on both sides or waits in an open conflict. */
export async function expectInStep(db: Db, twin: SpryTwin, connection: SyncConnection): Promise<void> {
  expect(await differences(db, twin, connection)).toEqual([])
}

/** What is not in step, as sentences. */
export async function differences(db: Db, twin: SpryTwin, connection: SyncConnection): Promise<string[]> {
  const ledger = ledgerOn(db)
  const hub = await readHub(db)
  const bound = boundEntity(connection, 'case')
  const owners = new Map((await ledger.ownersOf(hub.resources)).map((one) => [`${one.resourceType}/${one.resourceId}`, one]))
  const conflicts = new Set((await ledger.allOpenConflicts(100_000)).map(({ linkId, row }) => `${linkId} ${row}`))
  const cases = twin.store
    .list({ page: 0, size: 1_000_000 })
    .cases.sort((a, b) => ((a.updated_at ?? '') < (b.updated_at ?? '') ? -1 : 1))
  const links = await ledger.linksByKey(
    connection.name,
    'case',
    cases.map((one) => one.spry_case_id)
  )
  const inDoubt = await createsInDoubt(ledger, connection)
  const due = await db
    .selectFrom('link')
    .select(['id', 'entity', 'partner_key'])
    .where('due', '=', true)
    .where('state', 'not in', ['tombstone', 'fused'])
    .execute()
  const wrong = [...hub.twice, ...due.map((link) => `${link.entity} ${link.partner_key ?? link.id}: link is still due`)]

  // a physician in several cases is as the case that was changed last has it
  const newest = new Map<string, { piece: Piece; linkId: string | undefined }>()
  for (const record of cases) {
    const key = record.spry_case_id
    const link = links.get(key)
    if (!link && inDoubt(record)) continue
    if (link?.state !== 'active') wrong.push(`${key}: link is ${link?.state ?? 'missing'} ${link?.reason ?? ''}`)
    for (const piece of toFhir(bound, record, { deep: true }).pieces) newest.set(piece.key, { piece, linkId: link?.id })
  }
  for (const { piece, linkId } of newest.values()) {
    const resource = hub.byKey.get(piece.key)
    const owner = owners.get(`${resource?.resourceType}/${resource?.id}`)
    if (!resource) {
      if (!conflicts.has(`${linkId} ${piece.place}`)) wrong.push(`${piece.key} is missing in the hub`)
    } else if (piece.ownership === 'owned')
      wrong.push(...(owner ? rowsApart(piece, resource, hub.keyOfName, owner, conflicts) : [`${piece.key} belongs to no link`]))
  }
  return [...wrong, ...(await unaccounted(db, hub.resources, owners))]
}

function rowsApart(
  piece: Piece,
  resource: Resource,
  keyOfName: ReadonlyMap<string, string>,
  owner: LinkResource,
  conflicts: ReadonlySet<string>
): string[] {
  const keyed = withKeys(resource, keyOfName) as Resource
  return piece.part.rows.flatMap((row) => {
    const [partner, hub] = [rowValue(row, piece.resource), rowValue(row, keyed)]
    if (equal(partner, hub) || sameForPartner(row, partner, hub) || conflicts.has(`${owner.linkId} ${owner.place}.${row.row.to}`))
      return []
    return [`${piece.key} ${row.row.to}: ${JSON.stringify(partner)} at the partner, ${JSON.stringify(hub)} in the hub`]
  })
}

/** The hub's resources by the identifiers of our own systems, and those identifiers that two resources share. */
async function readHub(db: Db) {
  const rows = await db.selectFrom('resource').select(['resource_type', 'id']).where('deleted', '=', false).execute()
  const resources = [
    ...(
      await readResources(
        db,
        rows.map((row) => ({ resourceType: row.resource_type, id: row.id }))
      )
    ).values()
  ]
  const byKey = new Map<string, Resource & { id: string }>()
  const keyOfName = new Map<string, string>()
  const twice: string[] = []
  for (const resource of resources) {
    const identifiers = (resource as { identifier?: { system?: string; value?: string }[] }).identifier
    for (const { system, value } of Array.isArray(identifiers) ? identifiers : []) {
      if (!system?.includes('/sid/spry/') || value === undefined) continue
      const key = keyOf(resource.resourceType, system, value)
      if (byKey.has(key)) twice.push(`${key} is twice in the hub`)
      byKey.set(key, resource)
      if (!keyOfName.has(`${resource.resourceType}/${resource.id}`)) keyOfName.set(`${resource.resourceType}/${resource.id}`, key)
    }
  }
  return { resources, byKey, keyOfName, twice }
}

/** Whether a record that no link has may be one whose create has an unknown outcome. */
async function createsInDoubt(ledger: Ledger, connection: SyncConnection): Promise<(record: unknown) => boolean> {
  const create = recordTypeOf(connection, 'case')?.create
  const doubts = create ? await ledger.createsInDoubt(connection.name, 'case', create.call) : []
  return (record) => doubts.some((one) => create?.resembles?.(one.record, record))
}

/** Episodes that are no link's, and Conditions that nothing refers to and nobody has marked: what a second create leaves behind. */
async function unaccounted(
  db: Db,
  resources: readonly (Resource & { id: string })[],
  owners: ReadonlyMap<string, LinkResource>
): Promise<string[]> {
  const anchors = await db
    .selectFrom('link')
    .select(['anchor_id', ({ fn }) => fn.countAll<number>().as('links')])
    .where('entity', '=', 'case')
    .groupBy('anchor_id')
    .execute()
  const linksOf = new Map(anchors.map((row) => [row.anchor_id, Number(row.links)]))
  const referred = new Set(
    resources.flatMap((one) =>
      one.resourceType === 'EpisodeOfCare' ? (one.diagnosis ?? []).map(({ condition }) => condition?.reference) : []
    )
  )
  return resources.flatMap((one) => {
    const name = `${one.resourceType}/${one.id}`
    if (one.resourceType === 'EpisodeOfCare' && linksOf.get(one.id) !== 1)
      return [`${name} is the anchor of ${linksOf.get(one.id) ?? 0} links`]
    const isMarked = one.meta?.tag?.some(({ code }) => code === 'unlisted')
    if (one.resourceType === 'Condition' && !owners.has(name) && !referred.has(name) && !isMarked)
      return [`${name} belongs to nothing`]
    return []
  })
}
