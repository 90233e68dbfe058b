import { sql } from 'kysely'
import { fromKysely, type JobResult, PgBoss } from 'pg-boss'
import { type Jobs, retries } from '../jobs.ts'
import type { Log } from '../log.ts'

const queue = 'link'
const schema = 'pgboss'

// Settings chosen for recovery within about ten seconds of a killed worker, and for throughput in batches. The queue cache's
// interval bounds how long a link that was just finished still counts as being worked.
const engineSettings = {
  schema,
  schedule: false,
  useListenNotify: true,
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  queueCacheIntervalSeconds: 1
} as const

const queueSettings = {
  policy: 'stately',
  notify: true,
  heartbeatSeconds: 10,
  retryLimit: retries.limit,
  retryDelay: retries.delaySeconds,
  retryBackoff: true,
  retryDelayMax: retries.delayMaxSeconds,
  // What happened to a link is told by the ledger; finished jobs are of no further use.
  deleteAfterSeconds: 600
} as const

const workSettings = {
  batchSize: 50,
  localConcurrency: 4,
  perJobResults: true,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 1,
  notifyPollingIntervalSeconds: 1
} as const

/** The job queue in the engine's own Postgres, kept by pg-boss in its schema `pgboss`. */
export async function pgBossJobs({ url, log }: { readonly url: string; readonly log: Log }): Promise<Jobs> {
  const boss = new PgBoss({ ...engineSettings, connectionString: url, max: 10, application_name: 'ligature jobs' })
  boss.on('error', (error) => log.warn('job queue failed', { error }))
  await boss.start()
  await boss.createQueue(queue, queueSettings)
  const stopping = new AbortController()

  return {
    async send(tx, linkId) {
      const db = fromKysely(tx)
      for (;;) {
        if (await boss.send(queue, { linkId }, { singletonKey: linkId, db })) return
        // A job is queued already. Hold it until this transaction ends: a worker that took it now would not see what this
        // transaction has written, and nobody would look again. Workers skip locked rows.
        const { rows } = await sql`
          SELECT FROM ${sql.table(`${schema}.job`)} WHERE name = ${queue} AND singleton_key = ${linkId} AND state = 'created'
          FOR SHARE`.execute(tx)
        if (rows.length > 0) return
      }
    },

    async work(handler) {
      await boss.work<{ linkId: string }, unknown, typeof workSettings>(queue, workSettings, async (jobs) => {
        const signal = AbortSignal.any([stopping.signal, ...jobs.map((job) => job.signal)])
        try {
          const outcomes = await handler(
            jobs.map((job) => job.data.linkId),
            signal
          )
          return jobs.map((job) => result(job.id, outcomes.get(job.data.linkId)))
        } catch (error) {
          // Thrown on, pg-boss would store the message, which may hold what a partner said about a patient.
          log.error('job handler failed', { error, count: jobs.length })
          return jobs.map((job) => result(job.id, error))
        }
      })
    },

    async stop() {
      stopping.abort(new Error('The job queue is stopping'))
      await boss.stop({ graceful: true, timeout: 20_000 })
    }
  }
}

function result(id: string, outcome: unknown): JobResult {
  if (outcome === 'done') return { id, status: 'completed' }
  return { id, status: 'failed', output: { error: outcome instanceof Error ? outcome.name : 'NoOutcome' } }
}
