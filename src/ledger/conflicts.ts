import { type Kysely, sql } from 'kysely'
import { decodeContent, encodeContent } from '../database/content-codec.ts'
import type { Database } from '../database/tables.ts'

export type ConflictCode =
  | 'conflict'
  | 'unsupported-write'
  | 'partner-read-only'
  | 'unmapped-code'
  | 'missing-reference'
  | 'invalid-content'
export type Resolution = 'partner' | 'fhir' | 'value'

/** The three values of a row, and where it stands on both sides. Content: kept as bytes, never in a message. */
export interface ConflictContent {
  readonly from: string
  readonly to: string
  readonly message: string
  readonly base: unknown
  readonly partner: unknown
  readonly hub: unknown
  /** The third value, when the resolution is `value`. */
  readonly value?: unknown
}

export interface Conflict {
  readonly id: string
  readonly linkId: string
  readonly row: string
  readonly code: ConflictCode
  readonly state: 'open' | 'resolved'
  readonly openedAt: number
  readonly resolution: Resolution | null
  readonly resolvedBy: string | null
  readonly content: ConflictContent
}

type Db = Kysely<Database>

interface Row {
  id: string
  link_id: string
  row: string
  code: string
  state: string
  opened_at: Date
  resolution: string | null
  resolved_by: string | null
  content: Buffer
}

const conflictOf = (row: Row): Conflict => ({
  id: row.id,
  linkId: row.link_id,
  row: row.row,
  code: row.code as ConflictCode,
  state: row.state as Conflict['state'],
  openedAt: row.opened_at.getTime(),
  resolution: row.resolution as Resolution | null,
  resolvedBy: row.resolved_by,
  content: decodeContent(row.content) as ConflictContent
})

const query = (db: Db) =>
  db
    .selectFrom('conflict')
    .innerJoin('conflict_content', 'conflict_content.conflict_id', 'conflict.id')
    .select(['id', 'link_id', 'row', 'code', 'state', 'opened_at', 'resolution', 'resolved_by', 'content'])

/** The open conflicts of links. */
export async function openConflicts(db: Db, linkIds: readonly string[]): Promise<Conflict[]> {
  if (linkIds.length === 0) return []
  const rows = await query(db).where('state', '=', 'open').where(sql<boolean>`link_id = any(${linkIds}::uuid[])`).execute()
  return rows.map(conflictOf)
}

/** All open conflicts, oldest first. */
export async function allOpenConflicts(db: Db, limit = 1000): Promise<Conflict[]> {
  const rows = await query(db).where('state', '=', 'open').orderBy('opened_at').orderBy('id').limit(limit).execute()
  return rows.map(conflictOf)
}

export async function readConflict(db: Db, id: string): Promise<Conflict | undefined> {
  const row = await query(db).where('id', '=', id).executeTakeFirst()
  return row && conflictOf(row)
}

/** Opens a conflict, or puts what both sides say now onto the open one of the same row; a decision about other values is void. */
export async function putConflict(
  db: Db,
  conflict: Pick<Conflict, 'id' | 'linkId' | 'row' | 'code' | 'content'> & { readonly at: number }
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    INSERT INTO conflict (id, link_id, row, code, state, opened_at, changed_at)
    VALUES (${conflict.id}, ${conflict.linkId}, ${conflict.row}, ${conflict.code}, 'open', ${new Date(conflict.at)}, ${new Date(conflict.at)})
    ON CONFLICT (link_id, row) WHERE state = 'open'
    DO UPDATE SET code = excluded.code, changed_at = excluded.changed_at, resolution = NULL, resolved_by = NULL
    RETURNING id
  `.execute(db)
  const id = rows[0]?.id as string
  await sql`
    INSERT INTO conflict_content (conflict_id, content) VALUES (${id}, ${encodeContent(conflict.content)})
    ON CONFLICT (conflict_id) DO UPDATE SET content = excluded.content
  `.execute(db)
}

/** Records a person's decision on an open conflict; false when it is no longer open. The link must then be worked. */
export async function decideConflict(db: Db, id: string, resolution: Resolution, by: string, value?: unknown): Promise<boolean> {
  const open = await readConflict(db, id)
  if (open?.state !== 'open') return false
  await db.updateTable('conflict').set({ resolution, resolved_by: by }).where('id', '=', id).where('state', '=', 'open').execute()
  if (resolution === 'value') {
    await db
      .updateTable('conflict_content')
      .set({ content: encodeContent({ ...open.content, value }) })
      .where('conflict_id', '=', id)
      .execute()
  }
  return true
}

/** Closes conflicts: both sides agree on their rows. */
export async function closeConflicts(db: Db, ids: readonly string[], at: number): Promise<void> {
  if (ids.length === 0) return
  await sql`UPDATE conflict SET state = 'resolved', resolved_at = ${new Date(at)} WHERE id = any(${ids}::uuid[]) AND state = 'open'`.execute(
    db
  )
}
