import { type Kysely, sql } from 'kysely'
import { encodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { insertVersions } from './insert-versions.ts'
import { type ResourceRef, refKey } from './resource-ref.ts'
import { VersionConflict } from './version-conflict.ts'
import { clearIndexRows } from './write-index-rows.ts'

/** Ends resources with a tombstone version; their history stays. Returns the tombstones' versions by `Type/id`. */
export async function deleteResources(
  db: Kysely<Database>,
  deletes: readonly (ResourceRef & { readonly expected: number })[],
  at: Date | number
): Promise<Map<string, number>> {
  const versions = new Map<string, number>()
  if (deletes.length === 0) return versions
  if (!db.isTransaction) return db.transaction().execute((tx) => deleteResources(tx, deletes, at))
  const time = new Date(at)
  const { rows } = await sql<{ resource_type: string; id: string; version: number }>`
    UPDATE resource r
    SET version = r.version + 1, last_updated = ${time}::timestamptz, deleted = true, search = '{}'
    FROM unnest(
      ${deletes.map((ref) => ref.resourceType)}::text[],
      ${deletes.map((ref) => ref.id)}::uuid[],
      ${deletes.map((ref) => ref.expected)}::int[]
    ) AS t (resource_type, id, expected)
    WHERE r.resource_type = t.resource_type AND r.id = t.id AND r.version = t.expected AND NOT r.deleted
    RETURNING r.resource_type, r.id, r.version
  `.execute(db)
  for (const row of rows) versions.set(refKey({ resourceType: row.resource_type, id: row.id }), row.version)
  const lost = deletes.map(refKey).filter((key) => !versions.has(key))
  if (lost.length > 0) throw new VersionConflict(lost)
  const tombstones = rows.map(({ resource_type: resourceType, id, version }) => {
    const meta = { versionId: String(version), lastUpdated: time.toISOString() }
    return { resourceType, id, version, content: encodeContent({ resourceType, id, meta }) }
  })
  await insertVersions(db, tombstones, time, true)
  await clearIndexRows(db, deletes)
  return versions
}
