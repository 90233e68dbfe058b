/** Full and no-change sync of many cases through the real engine and Postgres, beside the same rows written one by one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { partner as spry } from '../../mappings/spry/partner.ts'
import { population } from '../../mappings/spry/twin.ts'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import type { Database } from '../../src/database/tables.ts'
import { memoryJobs } from '../../src/jobs/memory-jobs.ts'
import { silentLog } from '../../src/log.ts'
import { createClient } from '../../src/partner/index.ts'
import { loadPartners } from '../../src/partners.ts'
import type { Http, Ports } from '../../src/ports.ts'
import { createEngine } from '../../src/sync/engine.ts'
import { postgresStore } from '../../src/sync/store.ts'
import { seededRandom } from '../support/seeded-random.ts'

const cases = Number(process.env.LIGATURE_BENCH_CASES ?? 50_000)
const pageSize = 100
const sample = 300

const noCron = { schedule: () => ({ stop: async () => undefined }) as never, stop: async () => undefined }

/** The partner's pages as ready bytes, so that only the engine is measured. */
function pagesOf(count: number): { http: Http; touch(share: number): void } {
  const all = population(7, count)
  const records = Array.from({ length: count }, (_, number) => JSON.stringify(all.caseAt(number)))
  const page = (number: number) =>
    Buffer.from(
      `{"code":2000,"data":{"cases":[${records.slice(number * pageSize, (number + 1) * pageSize).join(',')}],"page":${number},"size":${pageSize},"total":${count}},"message":"Success"}`
    )
  let pages = Array.from({ length: Math.ceil(count / pageSize) }, (_, number) => page(number))
  return {
    http: async ({ url }) => ({
      status: 200,
      headers: {},
      body: pages[Number(new URL(url).searchParams.get('page'))] ?? Buffer.from('')
    }),
    touch(share) {
      for (let at = 0; at < count; at += Math.round(1 / share))
        records[at] = (records[at] as string).replace(/"case_title":"/g, '"case_title":"! ')
      pages = pages.map((_, number) => page(number))
    }
  }
}

export interface SyncFigures {
  readonly name: string
  readonly value: number
  readonly unit: string
}

export async function bench(): Promise<SyncFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ligature-bench-'))
  const database = await openDatabase({ url: process.env.DATABASE_URL, dataFolder: folder, log: silentLog, clock, newId })
  try {
    return await measure(database.db)
  } finally {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(db: Kysely<Database>): Promise<SyncFigures[]> {
  const { http, touch } = pagesOf(cases)
  const ports: Ports = { clock, newId, random: seededRandom(1), http }
  const jobs = memoryJobs(clock)
  const partners = await loadPartners()
  const engine = createEngine({
    store: postgresStore(db, jobs),
    jobs,
    cron: noCron,
    ports,
    log: silentLog,
    leaseMs: 60_000,
    deadlineMs: 25_000,
    settleMs: 120_000,
    connections: [
      {
        name: 'spry',
        client: createClient(
          spry,
          { name: 'spry', baseUrl: 'http://127.0.0.1:1', token: async () => 'bench', grants: {} },
          ports
        ),
        serviceTimeZone: 'UTC',
        entities: partners.find((one) => one.name === 'spry')?.entities ?? [],
        schedule: '* * * * *',
        sweepEveryMs: 3_600_000,
        absenceGuard: 0.2,
        webhookSecrets: () => [],
        paused: () => false
      }
    ]
  })
  let peak = 0
  const round = async () => {
    globalThis.gc?.()
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 20)
    const start = process.hrtime.bigint()
    const { runs } = await engine.syncRound({ full: true })
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    clearInterval(watch)
    const run = runs.find((one) => one.entity === 'case')
    if (run?.state !== 'done' || run.books.seen !== cases) throw new Error(`the run failed: ${run?.error}`)
    return { perSecond: cases / seconds, books: run.books }
  }
  const idle = process.memoryUsage().rss
  const full = await round()
  const still = [await round(), await round(), await round()].map((one) => one.perSecond).sort((a, b) => a - b)
  touch(0.01)
  const some = await round()
  const rowByRow = await writeRowByRow(db)
  await jobs.stop()
  return [
    { name: 'full sync', value: full.perSecond, unit: 'records/s' },
    { name: 'no-change sync (median of 3)', value: still[1] as number, unit: 'records/s' },
    { name: 'sync with 1 % changed', value: some.perSecond, unit: 'records/s' },
    { name: `the same rows by kysely row by row (${sample} records)`, value: rowByRow, unit: 'records/s' },
    { name: 'full sync / row by row', value: full.perSecond / rowByRow, unit: 'times' },
    { name: 'peak memory above the idle process', value: (peak - idle) / 1e6, unit: 'MB' }
  ]
}

/** Copies the rows of some links into empty tables of the same shape, one INSERT each, as a plain kysely program would. */
async function writeRowByRow(db: Kysely<Database>): Promise<number> {
  const links = sql`SELECT id FROM link WHERE entity = 'case' ORDER BY partner_key LIMIT ${sql.lit(sample)}`
  const resources = sql`SELECT resource_id FROM link_resource WHERE link_id IN (${links}) AND ownership = 'owned'`
  const wanted: Readonly<Record<string, ReturnType<typeof sql>>> = {
    link: sql`id IN (${links})`,
    link_resource: sql`link_id IN (${links})`,
    observation: sql`link_id IN (${links})`,
    observation_content: sql`observation_id IN (SELECT id FROM observation WHERE link_id IN (${links}))`,
    resource: sql`id IN (${resources})`,
    resource_version: sql`id IN (${resources})`,
    resource_key: sql`id IN (${resources})`,
    resource_date: sql`id IN (${resources})`,
    resource_string: sql`id IN (${resources})`
  }
  const rows: [string, Record<string, unknown>][] = []
  for (const [table, condition] of Object.entries(wanted)) {
    await sql`CREATE TABLE ${sql.ref(`bench_${table}`)} (LIKE ${sql.ref(table)} INCLUDING ALL)`.execute(db)
    const found = await sql<Record<string, unknown>>`SELECT * FROM ${sql.ref(table)} WHERE ${condition}`.execute(db)
    for (const row of found.rows) rows.push([`bench_${table}`, row])
  }
  const start = process.hrtime.bigint()
  for (const [table, row] of rows)
    await db
      .insertInto(table as 'link')
      .values(row as never)
      .execute()
  return sample / (Number(process.hrtime.bigint() - start) / 1e9)
}
