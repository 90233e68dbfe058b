import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { SearchIndex } from '../search-index.ts'
import { plainColumn, textColumn } from './columns.ts'
import type { ResourceRef } from './resource-ref.ts'

export interface IndexedRow extends ResourceRef {
  readonly version: number
  readonly index: SearchIndex
}

/** Brings keys, dates and strings of the written resources up to date; rows that stay the same are not touched. */
export async function writeIndexRows(
  db: Kysely<Database>,
  created: readonly IndexedRow[],
  updated: readonly IndexedRow[]
): Promise<void> {
  for (const table of tables) {
    const wanted = created.flatMap((row) => table.rows(row))
    if (updated.length === 0) {
      await insertRows(db, table, wanted)
      continue
    }
    const stale = await readRows(db, table, updated)
    for (const row of updated.flatMap((resource) => table.rows(resource)))
      if (!stale.delete(row.join(separator))) wanted.push(row)
    // The resources' own rows are locked by now, so nobody else can have moved these.
    if (stale.size > 0)
      await sql`DELETE FROM ${sql.table(table.name)} WHERE ctid = ANY(${[...stale.values()]}::tid[])`.execute(db)
    await insertRows(db, table, wanted)
  }
}

/** Takes out everything that these resources were found by, and the claims that they won. */
export async function clearIndexRows(db: Kysely<Database>, refs: readonly ResourceRef[]): Promise<void> {
  for (const table of ['resource_key', 'resource_date', 'resource_string', 'conditional_claim'] as const) {
    await sql`
      DELETE FROM ${sql.table(table)} k USING ${owners(refs)} WHERE k.id = w.id AND k.resource_type = w.resource_type
    `.execute(db)
  }
}

type Row = readonly (string | number)[]

interface IndexTable {
  readonly name: 'resource_key' | 'resource_date' | 'resource_string'
  readonly columns: readonly (readonly [name: string, type: 'text' | 'uuid' | 'bigint'])[]
  readonly rows: (row: IndexedRow) => readonly Row[]
}

const owner = [
  ['resource_type', 'text'],
  ['id', 'uuid'],
  ['param', 'text']
] as const
const separator = '\u001f'

const tables: readonly IndexTable[] = [
  {
    name: 'resource_key',
    columns: [...owner, ['system', 'text'], ['value', 'text']],
    rows: ({ resourceType, id, index }) => index.keys.map((key) => [resourceType, id, key.param, key.system, key.value])
  },
  {
    name: 'resource_date',
    columns: [...owner, ['start', 'bigint'], ['end', 'bigint']],
    rows: ({ resourceType, id, index }) => index.dates.map(({ param, start, end }) => [resourceType, id, param, start, end])
  },
  {
    name: 'resource_string',
    columns: [...owner, ['value', 'text']],
    rows: ({ resourceType, id, index }) => index.strings.map(({ param, value }) => [resourceType, id, param, value])
  }
]

/** Where each row lies now, by its joined columns. */
async function readRows(db: Kysely<Database>, table: IndexTable, refs: readonly ResourceRef[]): Promise<Map<string, string>> {
  const { rows } = await sql<Record<string, string>>`
    SELECT k.*, k.ctid::text FROM ${owners(refs)} JOIN ${sql.table(table.name)} k ON k.id = w.id AND k.resource_type = w.resource_type
  `.execute(db)
  return new Map(rows.map((row) => [table.columns.map(([name]) => row[name]).join(separator), row.ctid as string]))
}

async function insertRows(db: Kysely<Database>, table: IndexTable, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  await sql`INSERT INTO ${sql.table(table.name)} (${names(table)}) SELECT * FROM ${values(table, rows)}`.execute(db)
}

function owners(refs: readonly ResourceRef[]) {
  const types = plainColumn(
    refs.map((ref) => ref.resourceType),
    'text'
  )
  return sql`unnest(${types}, ${plainColumn(
    refs.map((ref) => ref.id),
    'uuid'
  )}) AS w (resource_type, id)`
}

function values(table: IndexTable, rows: readonly Row[]) {
  const columns = table.columns.map(([name, type], n) => {
    const column = rows.map((row) => row[n] as string)
    return name === 'system' || name === 'value' ? textColumn(column) : plainColumn(column, type)
  })
  return sql`unnest(${sql.join(columns)}) AS u (${names(table)})`
}

function names(table: IndexTable) {
  return sql.join(table.columns.map(([name]) => sql.ref(name)))
}
