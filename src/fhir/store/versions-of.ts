import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { isHubId, type ResourceRef, refKey } from './resource-ref.ts'

export interface CurrentVersion {
  readonly version: number
  readonly deleted: boolean
}

/** The current version number of each resource, by `Type/id`, without reading content. Deleted ones are told; unknown ones left out. */
export async function versionsOf(db: Kysely<Database>, refs: readonly ResourceRef[]): Promise<Map<string, CurrentVersion>> {
  const wanted = refs.filter((ref) => isHubId(ref.id))
  const found = new Map<string, CurrentVersion>()
  if (wanted.length === 0) return found
  const { rows } = await sql<{ resource_type: string; id: string; version: number; deleted: boolean }>`
    SELECT r.resource_type, r.id, r.version, r.deleted
    FROM unnest(${wanted.map((ref) => ref.resourceType)}::text[], ${wanted.map((ref) => ref.id)}::uuid[]) AS w (resource_type, id)
    JOIN resource r ON r.resource_type = w.resource_type AND r.id = w.id
  `.execute(db)
  for (const { resource_type, id, version, deleted } of rows)
    found.set(refKey({ resourceType: resource_type, id }), { version, deleted })
  return found
}
