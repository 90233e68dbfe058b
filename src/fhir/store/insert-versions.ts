import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { plainColumn } from './columns.ts'

export interface VersionRow {
  readonly resourceType: string
  readonly id: string
  readonly version: number
  readonly content: Buffer
}

/**
 * Adds versions to the history. All contents travel as one binary parameter and are cut apart by Postgres: an array of bytea
 * would be sent as hexadecimal text, twice as long.
 */
export async function insertVersions(
  db: Kysely<Database>,
  rows: readonly VersionRow[],
  at: Date,
  deleted: boolean
): Promise<void> {
  const lengths = rows.map((row) => row.content.length)
  const starts: number[] = []
  let start = 1
  for (const length of lengths) {
    starts.push(start)
    start += length
  }
  await sql`
    INSERT INTO resource_version (resource_type, id, version, last_updated, deleted, content)
    SELECT t.resource_type, t.id, t.version, ${at}::timestamptz, ${deleted}::boolean,
      substring(${Buffer.concat(rows.map((row) => row.content))}::bytea FROM t.start FOR t.length)
    FROM unnest(
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
      ${plainColumn(starts, 'int')},
      ${plainColumn(lengths, 'int')}
    ) AS t (resource_type, id, version, start, length)
  `.execute(db)
}
