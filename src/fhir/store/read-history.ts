import type { Resource } from '@medplum/fhirtypes'
import { type Kysely, sql } from 'kysely'
import { decodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { isHubId, type ResourceRef } from './resource-ref.ts'

export interface StoredVersion {
  readonly version: number
  readonly deleted: boolean
  readonly lastUpdated: Date
  readonly resource: Resource & { id: string }
}

/** Versions of one resource, newest first, tombstones included; before `below` when given. */
export async function readHistory(
  db: Kysely<Database>,
  ref: ResourceRef,
  limit: number,
  below?: number
): Promise<StoredVersion[]> {
  if (!isHubId(ref.id)) return []
  const { rows } = await sql<{ version: number; deleted: boolean; last_updated: Date; content: Buffer }>`
    SELECT version, deleted, last_updated, content FROM resource_version
    WHERE resource_type = ${ref.resourceType} AND id = ${ref.id}::uuid AND version < ${below ?? 2_147_483_647}::int
    ORDER BY version DESC LIMIT ${limit}
  `.execute(db)
  return rows.map(stored)
}

/** One version of one resource. */
export async function readVersion(db: Kysely<Database>, ref: ResourceRef, version: number): Promise<StoredVersion | undefined> {
  const [found] = await readHistory(db, ref, 1, version + 1)
  return found?.version === version ? found : undefined
}

function stored(row: { version: number; deleted: boolean; last_updated: Date; content: Buffer }): StoredVersion {
  const { version, deleted, last_updated: lastUpdated, content } = row
  return { version, deleted, lastUpdated, resource: decodeContent(content) as Resource & { id: string } }
}
