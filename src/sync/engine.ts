/** The engine: all connections of this process, their rounds, their jobs and their webhooks. */

import type { Cron } from '../cron.ts'
import type { OnWrite } from '../fhir/store/write-changes.ts'
import type { Jobs } from '../jobs.ts'
import type { Log } from '../log.ts'
import type { Ports } from '../ports.ts'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import { dryWork } from './dry-work.ts'
import type { EngineContext } from './engine-context.ts'
import { TryLater, type Worked } from './held-link.ts'
import { onHubWrite } from './hub-writes.ts'
import { type PullOptions, pull, type RunReport } from './pull.ts'
import { type ParkedDecision, settleParked } from './settle-parked.ts'
import type { Store } from './store.ts'
import { receiveWebhook, type WebhookAnswer } from './webhook.ts'
import { workLink } from './work-link.ts'
import type { WouldWrite } from './would-write.ts'

export interface RoundOptions extends PullOptions {
  readonly connections?: readonly string[]
}

export interface RoundReport {
  readonly runs: readonly RunReport[]
  /** In a dry run: what links that are due for what EHRs wrote would write. */
  readonly wouldTell: readonly WouldWrite[]
  readonly worked: {
    readonly links: number
    readonly pushed: number
    readonly conflicted: number
    readonly waiting: number
    readonly parked: number
    readonly failed: number
  }
}

export interface Engine {
  readonly connections: readonly {
    readonly name: string
    readonly partner: string
    readonly entities: readonly string[]
    readonly paused: boolean
  }[]
  /** One round over all (or the named) connections: listings pulled, due links worked. */
  syncRound(options?: RoundOptions): Promise<RoundReport>
  /** Works one link now: reads both sides, decides, writes. */
  workLink(linkId: string, actor?: string): Promise<Worked>
  settleParked(linkId: string, decision: ParkedDecision, by: string): Promise<Worked>
  /** Cron schedules and job workers until `stop`. */
  start(): Promise<void>
  stop(): Promise<void>
  /** To be given to the hub as `onWrite`. */
  readonly onHubWrite: OnWrite
  receiveWebhook(
    connection: string,
    headers: Readonly<Record<string, string | undefined>>,
    body: Uint8Array
  ): Promise<WebhookAnswer>
}

export interface EngineOptions {
  readonly store: Store
  readonly jobs: Jobs
  readonly cron: Cron
  readonly ports: Ports
  readonly log: Log
  readonly connections: readonly SyncConnection[]
  readonly leaseMs: number
  readonly deadlineMs: number
  readonly settleMs: number
}

const dueAtOnce = 200

/** Longer than any sender repeats a delivery. */
const keepDeliveriesMs = 30 * 24 * 3_600_000

/** A round names a connection that is not configured. */
export class UnknownConnection extends Error {
  override readonly name = 'UnknownConnection'
}

export function createEngine(options: EngineOptions): Engine {
  const { store, jobs, cron, ports, log, connections, leaseMs, deadlineMs, settleMs } = options
  const engineering: EngineContext = { store, ports, log, leaseMs, deadlineMs, settleMs, holder: ports.newId() }
  const byName = new Map(connections.map((connection) => [connection.name, connection]))
  const work = (linkId: string, actor?: string) => workLink(engineering, byName, linkId, actor)
  let stopping = false

  const chosen = (names: readonly string[] | undefined) =>
    (names ?? [...byName.keys()]).map((name) => {
      const connection = byName.get(name)
      if (!connection)
        throw new UnknownConnection(`there is no connection ${name}; configured: ${[...byName.keys()].join(', ') || 'none'}`)
      return connection
    })

  /** Works what is due, for as long as something moves. */
  const workDue = async (connection: SyncConnection, worked: Record<keyof RoundReport['worked'], number>) => {
    const tried = new Set<string>()
    await store.ledger.markAbandonedDue(connection.name, ports.clock.now())
    for (;;) {
      const due = (await store.ledger.dueLinks(connection.name, ports.clock.now(), dueAtOnce + tried.size)).filter(
        (id) => !tried.has(id)
      )
      if (due.length === 0 || stopping) return
      for (const id of due) {
        tried.add(id)
        worked.links++
        try {
          const { outcome } = await work(id)
          if (outcome === 'pushed' || outcome === 'conflicted' || outcome === 'waiting' || outcome === 'parked') worked[outcome]++
        } catch (error) {
          worked.failed++
          log.warn('link not worked', { connection: connection.name, linkId: id, error })
        }
      }
    }
  }

  const syncRound = async (round: RoundOptions = {}): Promise<RoundReport> => {
    const runs: RunReport[] = []
    const wouldTell: WouldWrite[] = []
    const worked = { links: 0, pushed: 0, conflicted: 0, waiting: 0, parked: 0, failed: 0 }
    for (const connection of chosen(round.connections)) {
      if (connection.paused()) continue
      for (const entity of listed(connection)) runs.push(...(await pull(engineering, connection, entity, round)))
      if (!round.dryRun) await workDue(connection, worked)
      else wouldTell.push(...(await dryWork(engineering, connection)))
    }
    if (!round.dryRun) await store.ledger.forgetDeliveries(ports.clock.now() - keepDeliveriesMs)
    return { runs, worked, wouldTell }
  }

  return {
    connections: connections.map((connection) => ({
      name: connection.name,
      partner: connection.client.partner.name,
      entities: listed(connection),
      paused: connection.paused()
    })),
    syncRound,
    workLink: work,
    settleParked: (linkId, decision, by) => settleParked(engineering, byName, linkId, decision, by),
    onHubWrite: onHubWrite(connections, jobs, ports.newId),
    receiveWebhook: (name, headers, body) => receiveWebhook(engineering, byName.get(name), headers, body),
    async start() {
      await jobs.work(async (linkIds, signal) => {
        const results = new Map<string, 'done' | Error>()
        for (const id of linkIds) {
          if (signal.aborted) break
          try {
            const { outcome } = await work(id)
            results.set(id, outcome === 'busy' ? new TryLater('another worker holds the link') : 'done')
          } catch (error) {
            results.set(id, error instanceof Error ? error : new Error('unknown failure', { cause: error }))
          }
        }
        return results
      })
      for (const connection of connections) {
        cron.schedule(`sync ${connection.name}`, connection.schedule, 'UTC', async () => {
          if (!stopping) await syncRound({ connections: [connection.name] })
        })
      }
    },
    async stop() {
      stopping = true
      await cron.stop()
      await jobs.stop()
    }
  }
}

/** The record types of a connection that have a listing. */
const listed = (connection: SyncConnection): string[] =>
  connection.entities.flatMap((entity) => (recordTypeOf(connection, entity.name)?.list ? [entity.name] : []))
