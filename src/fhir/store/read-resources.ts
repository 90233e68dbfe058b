import type { Resource } from '@medplum/fhirtypes'
import { type Kysely, sql } from 'kysely'
import { decodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { isHubId, type ResourceRef, refKey } from './resource-ref.ts'

/** The current version of each resource, by `Type/id`; deleted and unknown ones are left out. */
export async function readResources(
  db: Kysely<Database>,
  refs: readonly ResourceRef[]
): Promise<Map<string, Resource & { id: string }>> {
  const wanted = refs.filter((ref) => isHubId(ref.id))
  const found = new Map<string, Resource & { id: string }>()
  if (wanted.length === 0) return found
  const { rows } = await sql<{ resource_type: string; id: string; content: Buffer }>`
    SELECT r.resource_type, r.id, v.content
    FROM unnest(${wanted.map((ref) => ref.resourceType)}::text[], ${wanted.map((ref) => ref.id)}::uuid[]) AS w (resource_type, id)
    JOIN resource r ON r.resource_type = w.resource_type AND r.id = w.id AND NOT r.deleted
    JOIN resource_version v ON v.resource_type = r.resource_type AND v.id = r.id AND v.version = r.version
  `.execute(db)
  for (const row of rows) {
    found.set(refKey({ resourceType: row.resource_type, id: row.id }), decodeContent(row.content) as Resource & { id: string })
  }
  return found
}
