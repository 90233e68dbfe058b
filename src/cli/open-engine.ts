import type { Kysely } from 'kysely'
import type { Config } from '../config.ts'
import { createCron } from '../cron.ts'
import type { OpenDatabase } from '../database/open-database.ts'
import type { Database } from '../database/tables.ts'
import { pgBossJobs } from '../jobs/pg-boss-jobs.ts'
import type { Log } from '../log.ts'
import { loadPartners } from '../partners.ts'
import type { Ports } from '../ports.ts'
import { createEngine, type Engine } from '../sync/engine.ts'
import { postgresStore, type Store } from '../sync/store.ts'
import { type Connections, openConnections } from './connections.ts'

export interface OpenEngine {
  readonly engine: Engine
  readonly db: Kysely<Database>
  readonly store: Store
  readonly connections: Connections
  /** Stops the engine and everything below it, in the order in which nothing is missed. */
  close(): Promise<void>
}

export interface OpenEngineOptions {
  readonly config: Config
  readonly ports: Ports
  readonly log: Log
  openDatabase(): Promise<OpenDatabase>
  /** Where partners can tell of changes, while a receiver runs. */
  readonly webhooksUrl?: string
}

/** Configuration → database → connections → job queue → engine: what `start`, `sync` and decisions of people have in common. */
export async function openEngine({ config, ports, log, webhooksUrl, ...options }: OpenEngineOptions): Promise<OpenEngine> {
  const opened: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    const partners = await loadPartners()
    const database = await options.openDatabase()
    opened.push(database.close)
    const connections = await openConnections(config, partners, ports, webhooksUrl)
    opened.push(connections.close)
    const jobs = await pgBossJobs({ url: database.url, log })
    const { db } = database
    const { leaseMs, deadlineMs, settleMs } = config
    const store = postgresStore(db, jobs)
    // what a dead engine held need not wait for its lease to run out; fences keep it from writing if it was not dead after all
    if (database.startedHere) await store.ledger.endAllLeases()
    const engine = createEngine({
      store,
      jobs,
      cron: createCron({ db, log }),
      ports,
      log,
      connections: connections.list,
      leaseMs,
      deadlineMs,
      settleMs
    })
    // Also ends the job queue and the schedules.
    opened.push(() => engine.stop())
    return { engine, db, store, connections, close }
  } catch (error) {
    await close()
    throw error
  }
}
