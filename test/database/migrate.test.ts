import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseTooNew, MigrationChanged, migrate } from '../../src/database/migrate.ts'
import { connect } from '../../src/database/open-database.ts'
import { silentLog } from '../../src/log.ts'
import { emptyTestDatabase, testDatabase } from '../support/test-database.ts'

const { db, url } = await emptyTestDatabase()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ligature-migrations-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

afterEach(async () => {
  await sql`DROP SCHEMA public CASCADE; CREATE SCHEMA public`.execute(db)
})

function write(name: string, statement: string): void {
  const code = `export async function up(db) { await db.executeQuery({ sql: ${JSON.stringify(statement)}, parameters: [], query: { kind: 'RawNode' } }) }`
  writeFileSync(join(folder, name), code)
}

const run = () => migrate(db as Kysely<unknown>, folder)

describe('migrate', () => {
  test('runs what the database has not seen, in the order of the numbers, once', async () => {
    write('0002-second.ts', 'ALTER TABLE first ADD COLUMN b int')
    write('0001-first.ts', 'CREATE TABLE first (a int)')
    expect(await run()).toEqual(['0001-first', '0002-second'])
    expect(await run()).toEqual([])
    write('0003-third.ts', 'ALTER TABLE first ADD COLUMN c int')
    expect(await run()).toEqual(['0003-third'])
  })

  test('keeps nothing of a migration that fails halfway', async () => {
    write('0001-first.ts', 'CREATE TABLE first (a int)')
    write('0002-bad.ts', 'CREATE TABLE second (a int); SELECT 1 / 0')
    await expect(run()).rejects.toThrow('division by zero')
    const { rows } = await sql<{
      name: string
    }>`SELECT relname AS name FROM pg_class WHERE relname IN ('first', 'second')`.execute(db)
    expect(rows).toEqual([{ name: 'first' }])
  })

  test('lets eight engines start at once, and each migration runs in one of them', async () => {
    for (const number of [1, 2, 3, 4, 5]) write(`000${number}-table.ts`, `CREATE TABLE t${number} (a int)`)
    const pools = Array.from({ length: 8 }, () => connect(url, silentLog, 2))
    const ran = await Promise.all(pools.map((pool) => migrate(pool.db as Kysely<unknown>, folder)))
    await Promise.all(pools.map((pool) => pool.db.destroy()))
    expect(ran.flat().sort()).toEqual([1, 2, 3, 4, 5].map((number) => `000${number}-table`))
  })

  test('refuses a database that a newer version has migrated', async () => {
    write('0001-first.ts', 'CREATE TABLE first (a int)')
    await run()
    await sql`INSERT INTO migration (name, checksum) VALUES ('0099-future', 'x')`.execute(db)
    await expect(run()).rejects.toThrow(DatabaseTooNew)
    await expect(run()).rejects.toThrow('0099-future')
  })

  test('refuses a migration that was edited after it ran, whatever the line ends', async () => {
    write('0001-first.ts', 'CREATE TABLE first (a int)')
    await run()
    write('0001-first.ts', 'CREATE TABLE first (a bigint)')
    await expect(run()).rejects.toThrow(MigrationChanged)
  })

  test('refuses two migrations with one number, and names that have none', async () => {
    write('0001-first.ts', 'SELECT 1')
    write('0001-other.ts', 'SELECT 1')
    await expect(run()).rejects.toThrow('number 0001 is taken')
    rmSync(join(folder, '0001-other.ts'))
    write('first.ts', 'SELECT 1')
    await expect(run()).rejects.toThrow('named like')
  })
})

test('the template that test files clone has run every migration of the engine', async () => {
  const clone = await testDatabase()
  expect(await migrate(clone.db as Kysely<unknown>)).toEqual([])
})

test('counts come back as numbers, and as text where a number would be inexact', async () => {
  const { rows } = await sql`SELECT 42::bigint AS small, 9007199254740993::bigint AS large`.execute(db)
  expect(rows).toEqual([{ small: 42, large: '9007199254740993' }])
})
