import { type Kysely, sql } from 'kysely'
import { type RunCoordinator, schedule, validate } from 'node-cron'
import type { Database } from './database/tables.ts'
import type { Log } from './log.ts'

/** Runs things on their schedule, each tick in one of the engine's processes. */
export interface Cron {
  /**
   * Runs `fn` at the times of the expression (five fields, or six with seconds) on the clocks of the time zone. A tick that comes
   * while the last run is still going on here is left out.
   */
  schedule(name: string, expression: string, timezone: string, fn: () => Promise<void>): ScheduledJob
  /** Ends all schedules and waits for the runs that are going on. */
  stop(): Promise<void>
}

export interface ScheduledJob {
  stop(): Promise<void>
}

export function createCron({ db, log }: { readonly db: Kysely<Database>; readonly log: Log }): Cron {
  const coordinator = tickCoordinator(db)
  const scheduled = new Set<ScheduledJob>()
  return {
    schedule(name, expression, timezone, fn) {
      if (!validate(expression))
        throw new Error(`The schedule of ${name} is no cron expression: '${expression}'. Every minute is '* * * * *'.`)
      let running: Promise<void> = Promise.resolve()
      const run = () => {
        running = fn().catch((error) => log.error('scheduled run failed', { job: name, error }))
        return running
      }
      const options = { name, timezone, noOverlap: true, distributed: true, runCoordinator: coordinator, logger: quiet }
      const task = schedule(expression, run, options)
      task.on('execution:skipped', ({ reason }) => {
        if (reason === 'coordinator-error') log.warn('scheduled run left out: the database did not answer', { job: name })
      })
      const job = {
        async stop() {
          scheduled.delete(job)
          await task.destroy()
          await running
        }
      }
      scheduled.add(job)
      return job
    },
    async stop() {
      await Promise.all([...scheduled].map((job) => job.stop()))
    }
  }
}

/** Gives each tick to whoever asks first, among all processes on this database. */
export function tickCoordinator(db: Kysely<Database>): RunCoordinator {
  return {
    async shouldRun(key) {
      const { numAffectedRows } =
        await sql`INSERT INTO cron_tick (key, at) VALUES (${key}, now()) ON CONFLICT DO NOTHING`.execute(db)
      if (numAffectedRows !== 1n) return false
      // A week, so that a clock that was set back does not run its ticks again.
      await sql`DELETE FROM cron_tick WHERE at < now() - interval '7 days'`.execute(db)
      return true
    }
  }
}

// node-cron tells what it does on the console otherwise.
const quiet = { info() {}, warn() {}, error() {}, debug() {} }
