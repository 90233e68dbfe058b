import type { Resource } from '@medplum/fhirtypes'
import { type Kysely, sql } from 'kysely'
import { encodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { tokenSeparator } from '../indexable.ts'
import { indexResource } from '../search-index.ts'
import { plainColumn, textColumn } from './columns.ts'
import { insertVersions, type VersionRow } from './insert-versions.ts'
import { refKey } from './resource-ref.ts'
import { VersionConflict } from './version-conflict.ts'
import { type IndexedRow, writeIndexRows } from './write-index-rows.ts'

export interface ResourceWrite {
  readonly resource: Resource & { id: string }
  /** The version that the writer has read, or `new`. */
  readonly expected: number | 'new'
}

const rowsPerStatement = 5_000

/**
 * Creates and updates many resources, each once, and returns their new versions by `Type/id`. All or nothing: when one expected
 * version does not hold, `VersionConflict` is thrown and the transaction must be given up. The caller has validated them.
 */
export async function writeResources(
  db: Kysely<Database>,
  writes: readonly ResourceWrite[],
  at: Date | number
): Promise<Map<string, number>> {
  const versions = new Map<string, number>()
  if (writes.length === 0) return versions
  if (!db.isTransaction) return db.transaction().execute((tx) => writeResources(tx, writes, at))
  const time = new Date(at)
  for (let from = 0; from < writes.length; from += rowsPerStatement) {
    await writePage(db, writes.slice(from, from + rowsPerStatement), time, versions)
  }
  return versions
}

/** The resource as it is stored: id and meta first, with the version and time that this write gives it. */
export function stamped<T extends Resource>(resource: T, version: number, at: Date | number): T & { id: string } {
  const { resourceType, id, meta, ...rest } = resource
  const versioned = { ...meta, versionId: String(version), lastUpdated: new Date(at).toISOString() }
  return { resourceType, id, meta: versioned, ...rest } as T & { id: string }
}

async function writePage(
  db: Kysely<Database>,
  writes: readonly ResourceWrite[],
  at: Date,
  versions: Map<string, number>
): Promise<void> {
  const created: IndexedRow[] = []
  const updated: IndexedRow[] = []
  const contents: VersionRow[] = []
  for (const { resource, expected } of writes) {
    const version = expected === 'new' ? 1 : expected + 1
    const { resourceType, id } = resource
    const row = { resourceType, id, version, index: indexResource(resource) }
    ;(expected === 'new' ? created : updated).push(row)
    contents.push({ resourceType, id, version, content: encodeContent(stamped(resource, version, at)) })
    versions.set(refKey(resource), version)
  }
  if (created.length > 0) await insertRows(db, created, at)
  if (updated.length > 0) await updateRows(db, updated, at)
  await insertVersions(db, contents, at, false)
  await writeIndexRows(db, created, updated)
}

async function insertRows(db: Kysely<Database>, rows: readonly IndexedRow[], at: Date): Promise<void> {
  try {
    await sql`
      INSERT INTO resource (resource_type, id, version, last_updated, deleted, search)
      SELECT t.resource_type, t.id, 1, ${at}::timestamptz, false, string_to_array(t.search, ${tokenSeparator})
      FROM ${columns(rows)}
    `.execute(db)
  } catch (error) {
    throw existing(error) ?? error
  }
}

/** A duplicate key, as Postgres words it: `Key (resource_type, id)=(Condition, 5f0e…) already exists.` */
function existing(error: unknown): VersionConflict | undefined {
  const { code, table, detail } = error as { code?: unknown; table?: unknown; detail?: unknown }
  if (code !== '23505' || table !== 'resource') return undefined
  const [, resourceType = 'resource', id = ''] = /\((\w+), ([0-9a-f-]{36})\)/.exec(String(detail)) ?? []
  return new VersionConflict([`${resourceType}/${id}`])
}

async function updateRows(db: Kysely<Database>, rows: readonly IndexedRow[], at: Date): Promise<void> {
  const { rows: written } = await sql<{ resource_type: string; id: string }>`
    UPDATE resource r
    SET version = t.version, last_updated = ${at}::timestamptz, deleted = false, search = string_to_array(t.search, ${tokenSeparator})
    FROM ${columns(rows)}
    WHERE r.resource_type = t.resource_type AND r.id = t.id AND r.version = t.version - 1
    RETURNING r.resource_type, r.id
  `.execute(db)
  requireAll(rows, written)
}

function columns(rows: readonly IndexedRow[]) {
  return sql`unnest(
    ${plainColumn(
      rows.map((row) => row.resourceType),
      'text'
    )},
    ${plainColumn(
      rows.map((row) => row.id),
      'uuid'
    )},
    ${plainColumn(
      rows.map((row) => row.version),
      'int'
    )},
    ${textColumn(rows.map((row) => row.index.tokens.join(tokenSeparator)))}
  ) AS t (resource_type, id, version, search)`
}

function requireAll(rows: readonly IndexedRow[], written: readonly { resource_type: string; id: string }[]): void {
  if (written.length === rows.length) return
  const done = new Set(written.map((row) => refKey({ resourceType: row.resource_type, id: row.id })))
  throw new VersionConflict(rows.map(refKey).filter((key) => !done.has(key)))
}
