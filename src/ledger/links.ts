import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/**
 * `active`: kept in step. `waiting`: something it refers to is not there yet. `parked`: a person must decide. `tombstone`: gone at
 * the partner. `fused`: it went back and forth too often.
 */
export type LinkState = 'active' | 'waiting' | 'parked' | 'tombstone' | 'fused'

export interface Link {
  readonly id: string
  readonly connection: string
  readonly entity: string
  readonly partnerKey: string | null
  readonly state: LinkState
  readonly reason: string | null
  readonly rawHash: Buffer | null
  readonly recordHash: Buffer | null
  readonly baseObservation: string | null
  readonly mappingVersion: string | null
  readonly changedAt: string | null
  readonly anchorType: string
  readonly anchorId: string | null
  readonly revision: number
  readonly due: boolean
  readonly alternations: number
  readonly missing: number
  readonly fence: number
  readonly leasedUntil: number
}

const columns = [
  'id',
  'connection',
  'entity',
  'partner_key as partnerKey',
  'state',
  'reason',
  'raw_hash as rawHash',
  'record_hash as recordHash',
  'base_observation as baseObservation',
  'mapping_version as mappingVersion',
  'changed_at as changedAt',
  'anchor_type as anchorType',
  'anchor_id as anchorId',
  'revision',
  'due',
  'alternations',
  'missing',
  'fence',
  'leased_until as leasedUntil'
] as const

type Db = Kysely<Database>

/** The links of a page of records, by partner key: one query, whatever the page's size. */
export async function linksByKey(
  db: Db,
  connection: string,
  entity: string,
  keys: readonly string[]
): Promise<Map<string, Link>> {
  if (keys.length === 0) return new Map()
  const rows = await db
    .selectFrom('link')
    .select(columns)
    .where('connection', '=', connection)
    .where('entity', '=', entity)
    .where(sql<boolean>`partner_key = any(${keys}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.partnerKey as string, row as Link]))
}

/** Which of a page's records are known with just these bytes: index in the page → link id. The cheapest question there is. */
export async function unchangedByBytes(
  db: Db,
  connection: string,
  entity: string,
  keys: readonly string[],
  hashes: readonly Buffer[]
): Promise<Map<number, string>> {
  // an array on the indexed column is one pass over the index, whatever the planner believes of the table's size
  const rows = await db
    .selectFrom('link')
    .select(['id', 'partner_key', 'raw_hash'])
    .where('connection', '=', connection)
    .where('entity', '=', entity)
    .where(sql<boolean>`partner_key = any(${keys}::text[])`)
    .where('state', '<>', 'tombstone')
    .where('missing', '=', 0)
    .execute()
  const known = new Map(rows.map((row) => [row.partner_key, row]))
  const unchanged = new Map<number, string>()
  for (const [index, key] of keys.entries()) {
    const link = known.get(key)
    if (link?.raw_hash?.equals(hashes[index] as Buffer)) unchanged.set(index, link.id)
  }
  return unchanged
}

export async function readLinks(db: Db, ids: readonly string[]): Promise<Map<string, Link>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('link').select(columns).where(sql<boolean>`id = any(${ids}::uuid[])`).execute()
  return new Map(rows.map((row) => [row.id, row as Link]))
}

/** Locks links for the rest of the transaction, in a fixed order, and gives them as they are now. */
export async function lockLinks(db: Db, ids: readonly string[]): Promise<Map<string, Link>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('link')
    .select(columns)
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute()
  return new Map(rows.map((row) => [row.id, row as Link]))
}

export type LinkWrite = Omit<Link, 'revision' | 'fence' | 'leasedUntil' | 'missing'>

/** Makes new links or puts changed ones, many at a time. A partner key that another link holds makes the whole statement fail. */
export async function writeLinks(db: Db, links: readonly LinkWrite[]): Promise<void> {
  if (links.length === 0) return
  const list = <K extends keyof LinkWrite>(name: K) => links.map((link) => link[name])
  await sql`
    INSERT INTO link (id, connection, entity, partner_key, state, reason, raw_hash, record_hash, base_observation, mapping_version,
                      changed_at, anchor_type, anchor_id, due, alternations)
    SELECT * FROM unnest(
      ${list('id')}::uuid[], ${list('connection')}::text[], ${list('entity')}::text[], ${list('partnerKey')}::text[], ${list('state')}::text[],
      ${list('reason')}::text[], ${list('rawHash')}::bytea[], ${list('recordHash')}::bytea[], ${list('baseObservation')}::uuid[],
      ${list('mappingVersion')}::text[], ${list('changedAt')}::text[], ${list('anchorType')}::text[], ${list('anchorId')}::uuid[],
      ${list('due')}::boolean[], ${list('alternations')}::int[]
    )
    ON CONFLICT (id) DO UPDATE SET
      partner_key = excluded.partner_key, state = excluded.state, reason = excluded.reason, raw_hash = excluded.raw_hash,
      record_hash = excluded.record_hash, base_observation = excluded.base_observation, mapping_version = excluded.mapping_version,
      changed_at = excluded.changed_at, anchor_id = excluded.anchor_id, due = excluded.due, alternations = excluded.alternations,
      missing = 0, revision = link.revision + 1
  `.execute(db)
}

/** Remembers that other bytes mean the same record, so that the next run need not parse them. */
export async function rememberBytes(db: Db, seen: readonly { readonly id: string; readonly rawHash: Buffer }[]): Promise<void> {
  if (seen.length === 0) return
  await sql`
    UPDATE link SET raw_hash = t.hash
    FROM unnest(${seen.map((one) => one.id)}::uuid[], ${seen.map((one) => one.rawHash)}::bytea[]) AS t (id, hash)
    WHERE link.id = t.id
  `.execute(db)
}

/** Marks links as due: something said "look at this". */
export async function markDue(db: Db, ids: readonly string[], due = true): Promise<void> {
  if (ids.length === 0) return
  await sql`UPDATE link SET due = ${due}, revision = revision + 1 WHERE id = any(${ids}::uuid[])`.execute(db)
}

/** Links that wait to be worked, in no particular order, without those in a worker's hands. */
export async function dueLinks(db: Db, connection: string, now: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('link')
    .select('id')
    .where('connection', '=', connection)
    .where('due', '=', true)
    .where('state', 'not in', ['tombstone', 'fused'])
    .where('leased_until', '<=', now)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Links whose record is not known at the partner yet, by the resource that they hang on. */
export async function linksOfAnchors(db: Db, anchorIds: readonly string[]): Promise<Map<string, string>> {
  if (anchorIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('link')
    .select(['id', 'anchor_id'])
    .where(sql<boolean>`anchor_id = any(${anchorIds}::uuid[])`)
    .where('partner_key', 'is', null)
    .execute()
  return new Map(rows.map((row) => [row.anchor_id as string, row.id]))
}

/** Links born in FHIR that wait for something. */
export async function linksBornWaiting(db: Db, limit = 1000): Promise<string[]> {
  const query = db.selectFrom('link').select('id').where('state', '=', 'waiting').where('partner_key', 'is', null)
  return (await query.orderBy('id').limit(limit).execute()).map((row) => row.id)
}

/** Links of a state, for people. */
export async function linksInState(db: Db, states: readonly LinkState[], limit = 1000): Promise<Link[]> {
  const rows = await db.selectFrom('link').select(columns).where('state', 'in', states).orderBy('id').limit(limit).execute()
  return rows as Link[]
}

/** Takes a link for one worker until `until`; the fence to write with, or undefined while another worker holds it. */
export async function takeLink(db: Db, id: string, now: number, until: number): Promise<number | undefined> {
  const row = await db
    .updateTable('link')
    .set((eb) => ({ fence: eb('fence', '+', 1), leased_until: until }))
    .where('id', '=', id)
    .where('leased_until', '<=', now)
    .returning('fence')
    .executeTakeFirst()
  return row?.fence
}

/** Whether the worker with this fence still holds the link; locks the row so that nobody takes it before the transaction ends. */
export async function holdsLink(db: Db, id: string, fence: number, now: number): Promise<boolean> {
  const row = await db.selectFrom('link').select(['fence', 'leased_until']).where('id', '=', id).forUpdate().executeTakeFirst()
  return row !== undefined && row.fence === fence && row.leased_until > now
}

export async function releaseLink(db: Db, id: string, fence: number): Promise<void> {
  await db.updateTable('link').set({ leased_until: 0 }).where('id', '=', id).where('fence', '=', fence).execute()
}

export interface LinkResource {
  readonly linkId: string
  readonly place: string
  readonly resourceType: string
  readonly resourceId: string
  readonly version: number
  readonly ownership: 'owned' | 'shared'
}

const resourceColumns = [
  'link_id as linkId',
  'place',
  'resource_type as resourceType',
  'resource_id as resourceId',
  'version',
  'ownership'
] as const

/** The resources of links. */
export async function resourcesOfLinks(db: Db, ids: readonly string[]): Promise<LinkResource[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('link_resource')
    .select(resourceColumns)
    .where(sql<boolean>`link_id = any(${ids}::uuid[])`)
    .execute()
  return rows as LinkResource[]
}

/** The owners of resources: which links must look when these changed. */
export async function ownersOf(
  db: Db,
  refs: readonly { readonly resourceType: string; readonly id: string }[]
): Promise<LinkResource[]> {
  if (refs.length === 0) return []
  const { rows } = await sql<LinkResource>`
    SELECT l.link_id AS "linkId", l.place, l.resource_type AS "resourceType", l.resource_id AS "resourceId", l.version, l.ownership
    FROM unnest(${refs.map((ref) => ref.resourceType)}::text[], ${refs.map((ref) => ref.id)}::uuid[]) AS w (resource_type, id)
    JOIN link_resource l ON l.resource_id = w.id AND l.resource_type = w.resource_type AND l.ownership = 'owned'
  `.execute(db)
  return rows
}

/** Puts which resources links have, at which version both sides agreed. */
export async function writeLinkResources(db: Db, list: readonly LinkResource[]): Promise<void> {
  if (list.length === 0) return
  await sql`
    INSERT INTO link_resource (link_id, place, resource_type, resource_id, version, ownership)
    SELECT * FROM unnest(
      ${list.map((one) => one.linkId)}::uuid[], ${list.map((one) => one.place)}::text[], ${list.map((one) => one.resourceType)}::text[],
      ${list.map((one) => one.resourceId)}::uuid[], ${list.map((one) => one.version)}::int[], ${list.map((one) => one.ownership)}::text[]
    )
    ON CONFLICT (link_id, place) DO UPDATE SET resource_type = excluded.resource_type, resource_id = excluded.resource_id,
      version = excluded.version, ownership = excluded.ownership
  `.execute(db)
}

/** Forgets places that a link no longer has; the resources stay. */
export async function forgetPlaces(
  db: Db,
  places: readonly { readonly linkId: string; readonly place: string }[]
): Promise<void> {
  if (places.length === 0) return
  await sql`
    DELETE FROM link_resource l USING unnest(${places.map((one) => one.linkId)}::uuid[], ${places.map((one) => one.place)}::text[]) AS w (id, place)
    WHERE l.link_id = w.id AND l.place = w.place
  `.execute(db)
}
