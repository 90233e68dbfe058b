import { type Kysely, sql } from 'kysely'
import { decodeContent, encodeContent } from '../database/content-codec.ts'
import type { Database } from '../database/tables.ts'

export type Origin = 'listed' | 'read' | 'nested' | 'sent'

export interface Observation {
  readonly id: string
  readonly linkId: string
  readonly runId: string | null
  readonly at: number
  readonly origin: Origin
  readonly recordHash: Buffer
  readonly mappingVersion: string
  readonly record: unknown
}

type Db = Kysely<Database>

/** A statement takes 65,535 parameters at most. */
const rowsPerStatement = 5_000

/** Appends observations with their content. */
export async function observe(db: Db, list: readonly Observation[]): Promise<void> {
  if (list.length === 0) return
  await sql`
    INSERT INTO observation (id, link_id, run_id, at, origin, record_hash, mapping_version)
    SELECT * FROM unnest(
      ${list.map((one) => one.id)}::uuid[], ${list.map((one) => one.linkId)}::uuid[], ${list.map((one) => one.runId)}::uuid[],
      ${list.map((one) => new Date(one.at).toISOString())}::timestamptz[], ${list.map((one) => one.origin)}::text[],
      ${list.map((one) => one.recordHash)}::bytea[], ${list.map((one) => one.mappingVersion)}::text[]
    )
  `.execute(db)
  // buffers as parameters of their own: as elements of an array they would travel as text
  for (let from = 0; from < list.length; from += rowsPerStatement) {
    const rows = list.slice(from, from + rowsPerStatement)
    await db
      .insertInto('observation_content')
      .values(rows.map((one) => ({ observation_id: one.id, content: encodeContent(one.record) })))
      .execute()
  }
}

/** The records of observations, by observation id. An erased one has no entry. */
export async function recordsOf(db: Db, ids: readonly string[]): Promise<Map<string, unknown>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('observation_content')
    .select(['observation_id', 'content'])
    .where(sql<boolean>`observation_id = any(${ids}::uuid[])`)
    .execute()
  return new Map(rows.map((row) => [row.observation_id, decodeContent(row.content)]))
}

/** When each observation was made. */
export async function observedAt(db: Db, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('observation').select(['id', 'at']).where(sql<boolean>`id = any(${ids}::uuid[])`).execute()
  return new Map(rows.map((row) => [row.id, row.at.getTime()]))
}

/** What was seen of a link, newest first, without content. */
export async function observationsOf(db: Db, linkId: string, limit = 50): Promise<Omit<Observation, 'record'>[]> {
  const rows = await db
    .selectFrom('observation')
    .select(['id', 'link_id', 'run_id', 'at', 'origin', 'record_hash', 'mapping_version'])
    .where('link_id', '=', linkId)
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    linkId: row.link_id,
    runId: row.run_id,
    at: row.at.getTime(),
    origin: row.origin as Origin,
    recordHash: row.record_hash,
    mappingVersion: row.mapping_version
  }))
}
