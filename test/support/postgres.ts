import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { migrate } from '../../src/database/migrate.ts'
import { connect } from '../../src/database/open-database.ts'
import { silentLog } from '../../src/log.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { readonly url: string; readonly template: string }
  }
}

/** One Postgres for the whole test run (or the one at DATABASE_URL), with a migrated database to clone for every test file. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env.DATABASE_URL ? { url: process.env.DATABASE_URL, stop: async () => {} } : await startInTempFolder()
  const template = `ligature_template_${newId().replaceAll('-', '')}`
  await onServer(server.url, `CREATE DATABASE ${template}`)
  const templateUrl = new URL(server.url)
  templateUrl.pathname = `/${template}`
  const { db } = connect(templateUrl.href, silentLog)
  try {
    await migrate(db as Kysely<unknown>)
  } finally {
    await db.destroy()
  }
  project.provide('postgres', { url: server.url, template })
  return async () => {
    await onServer(server.url, `DROP DATABASE ${template} WITH (FORCE)`)
    await server.stop()
  }
}

async function startInTempFolder(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'ligature-test-'))
  // What the tests write may be lost with the machine.
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: 300 }
  const server = await startEmbeddedPostgres({ dataFolder: folder, clock, newId, log: silentLog, settings })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
