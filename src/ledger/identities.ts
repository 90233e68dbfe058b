/** What links know of the people that their records are about, when it turns out who these are. */
import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { AuditEntry } from './audit.ts'

type Db = Kysely<Database>

interface Ref {
  readonly resourceType: string
  readonly id: string
}

/** Points the places of links at another resource, and their anchors too. */
export async function movePlaces(db: Db, linkIds: readonly string[], from: Ref, into: Ref, version: number): Promise<void> {
  if (linkIds.length === 0) return
  await sql`
    UPDATE link_resource SET resource_id = ${into.id}::uuid, version = ${version}
    WHERE link_id = any(${linkIds}::uuid[]) AND resource_type = ${from.resourceType} AND resource_id = ${from.id}::uuid
  `.execute(db)
  await sql`
    UPDATE link SET anchor_id = ${into.id}::uuid, revision = revision + 1
    WHERE id = any(${linkIds}::uuid[]) AND anchor_type = ${from.resourceType} AND anchor_id = ${from.id}::uuid
  `.execute(db)
}

/** The engine itself wrote a new version that changes nothing of what was agreed. */
export async function agreeOnVersions(
  db: Db,
  list: readonly (Ref & { readonly before: number; readonly version: number })[]
): Promise<void> {
  if (list.length === 0) return
  await sql`
    UPDATE link_resource l SET version = w.version
    FROM unnest(${list.map((one) => one.resourceType)}::text[], ${list.map((one) => one.id)}::uuid[],
                ${list.map((one) => one.before)}::int[], ${list.map((one) => one.version)}::int[]) AS w (resource_type, id, before, version)
    WHERE l.resource_id = w.id AND l.resource_type = w.resource_type AND l.ownership = 'owned' AND l.version = w.before
  `.execute(db)
}

/** Links that wait, or are parked, because it is not known (or not certain) which resource something means. */
export async function linksInNeedOfIdentity(
  db: Db
): Promise<{ id: string; connection: string; entity: string; partnerKey: string | null }[]> {
  return db
    .selectFrom('link')
    .select(['id', 'connection', 'entity', 'partner_key as partnerKey'])
    .where((eb) =>
      eb.or([
        eb('state', '=', 'waiting').and('reason', 'in', ['missing-reference', 'ambiguous']),
        eb('state', '=', 'parked').and('reason', '=', 'ambiguous')
      ])
    )
    .orderBy('id')
    .limit(1000)
    .execute()
}

/** All audit entries of one action, oldest first. */
export async function auditOfAction(db: Db, action: string): Promise<AuditEntry[]> {
  const rows = await db.selectFrom('audit').selectAll().where('action', '=', action).orderBy('seq').execute()
  return rows.map((row) => ({
    at: row.at.getTime(),
    actor: row.actor,
    action,
    linkId: row.link_id,
    detail: row.detail as Record<string, unknown>
  }))
}
