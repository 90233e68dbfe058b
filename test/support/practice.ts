/** A practice in miniature for tests: a partner's twin on loopback, the hub and the engine on a database of their own. */
import type { Bundle, Resource } from '@medplum/fhirtypes'
import type { Kysely } from 'kysely'
import { afterAll } from 'vitest'
import { partner as spry } from '../../mappings/spry/partner.ts'
import { createSpryTwin, population, type SpryTwin } from '../../mappings/spry/twin.ts'
import { createHttp } from '../../src/adapters/http.ts'
import { newId } from '../../src/adapters/new-id.ts'
import type { Database } from '../../src/database/tables.ts'
import { HubRepository } from '../../src/fhir/hub-repository.ts'
import { memoryJobs } from '../../src/jobs/memory-jobs.ts'
import { silentLog } from '../../src/log.ts'
import { createClient } from '../../src/partner/index.ts'
import type { Clock, Ports } from '../../src/ports.ts'
import type { SyncConnection } from '../../src/sync/connection.ts'
import { createEngine, type Engine, type RoundReport } from '../../src/sync/engine.ts'
import { postgresStore, type Store } from '../../src/sync/store.ts'
import { seededRandom } from './seeded-random.ts'
import { type ConnectionOptions, spryConnection } from './spry-connection.ts'

/** A clock that moves only when told to. */
export function handClock(start = Date.UTC(2026, 3, 2, 12)): Clock & { forward(ms: number): void } {
  let now = start
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
    forward(ms) {
      now += ms
    }
  }
}

export interface Practice {
  readonly engine: Engine
  readonly twin: SpryTwin
  readonly hub: HubRepository
  readonly store: Store
  readonly clock: ReturnType<typeof handClock>
  readonly connection: SyncConnection
  /** A second engine on the same database, as after a crash or beside the first one. */
  another(ports?: Partial<Ports>): Engine
  round(options?: Parameters<Engine['syncRound']>[0]): Promise<RoundReport>
}

export interface PracticeOptions extends ConnectionOptions {
  readonly cases?: number
  readonly seed?: number
  readonly ports?: Partial<Ports>
}

export async function openPractice(db: Kysely<Database>, options: PracticeOptions = {}): Promise<Practice> {
  const clock = handClock()
  const http = createHttp()
  const ports: Ports = { clock, newId, random: seededRandom(options.seed ?? 1), http: http.http, ...options.ports }
  const twin = await createSpryTwin({ ports, population: population(options.seed ?? 1, options.cases ?? 5), token: 'token' })
  const connection = await spryConnection(twin.url, ports, options)
  const jobs = memoryJobs(clock)
  const store = postgresStore(db, jobs)
  const limits = { leaseMs: 60_000, deadlineMs: 25_000, settleMs: 50_000 }
  const cron = { schedule: () => ({ stop: async () => undefined }), stop: async () => undefined }
  const make = (own: Partial<Ports> = {}) => {
    const all = { ...ports, ...own }
    const client = createClient(spry, connection.client.connection, all)
    return createEngine({ store, jobs, cron, ports: all, log: silentLog, connections: [{ ...connection, client }], ...limits })
  }
  const engine = make()
  const hub = new HubRepository({ db, clock, newId, random: ports.random, onWrite: engine.onHubWrite })
  afterAll(async () => {
    await jobs.stop()
    await twin.close()
    await http.close()
  })
  return {
    engine,
    twin,
    hub,
    store,
    clock,
    connection,
    another: make,
    round(round) {
      clock.forward(60_000)
      return engine.syncRound(round)
    }
  }
}

/** The one resource that a search finds. */
export async function theOne<T extends Resource>(hub: HubRepository, query: string): Promise<T> {
  const [type = '', search = ''] = query.split('?')
  const bundle = (await hub.search({ resourceType: type as T['resourceType'], ...parse(search) } as never)) as Bundle<T>
  const found = bundle.entry?.map((entry) => entry.resource as T) ?? []
  if (found.length !== 1) throw new Error(`${found.length} resources for ${query}`)
  return found[0] as T
}

const parse = (search: string) => ({
  filters: [...new URLSearchParams(search)].map(([code, value]) => ({ code, operator: 'eq', value }))
})
