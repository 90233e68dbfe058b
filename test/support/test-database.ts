import type { Kysely } from 'kysely'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import { newId } from '../../src/adapters/new-id.ts'
import { connect } from '../../src/database/open-database.ts'
import type { Database } from '../../src/database/tables.ts'
import { silentLog } from '../../src/log.ts'

export interface TestDatabase {
  readonly db: Kysely<Database>
  readonly pool: pg.Pool
  readonly url: string
}

/**
 * A migrated database for this test file alone, dropped when the file is done:
 *
 *     const { db } = await testDatabase()
 */
export async function testDatabase(): Promise<TestDatabase> {
  return cloneOf(inject('postgres').template)
}

/** The same without any table. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  return cloneOf('template0')
}

async function cloneOf(template: string): Promise<TestDatabase> {
  const name = `ligature_test_${newId().replaceAll('-', '')}`
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(inject('postgres').url)
  url.pathname = `/${name}`
  const { db, pool } = connect(url.href, silentLog)
  afterAll(async () => {
    await db.destroy()
    await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
  return { db, pool, url: url.href }
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgres').url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
