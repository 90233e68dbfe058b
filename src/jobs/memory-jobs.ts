import { type JobHandler, type Jobs, retries } from '../jobs.ts'
import type { Clock } from '../ports.ts'

/** The job queue in memory, for tests and the simulation. It knows no transactions: a job is due as soon as it is sent. */
export interface MemoryJobs extends Jobs {
  /** Resolves when nothing is queued, worked or waiting to be tried again. */
  idle(): Promise<void>
}

export function memoryJobs(clock: Clock): MemoryJobs {
  const queued = new Set<string>()
  const active = new Set<string>()
  const waiting = new Set<string>()
  const failures = new Map<string, number>()
  const stopping = new AbortController()
  let handler: JobHandler | undefined
  let waiters: (() => void)[] = []

  function queueUp(linkId: string): void {
    queued.add(linkId)
    void run()
  }

  async function run(): Promise<void> {
    if (!handler || stopping.signal.aborted) return
    const batch = [...queued].filter((linkId) => !active.has(linkId)).slice(0, 50)
    if (batch.length === 0) return
    for (const linkId of batch) {
      queued.delete(linkId)
      active.add(linkId)
    }
    const outcomes = await settle(handler, batch)
    for (const linkId of batch) {
      active.delete(linkId)
      if (outcomes.get(linkId) === 'done') failures.delete(linkId)
      else void retry(linkId)
    }
    announce()
    await run()
  }

  async function settle(work: JobHandler, batch: readonly string[]): Promise<ReadonlyMap<string, 'done' | Error>> {
    try {
      return await work(batch, stopping.signal)
    } catch {
      return new Map()
    }
  }

  async function retry(linkId: string): Promise<void> {
    const count = (failures.get(linkId) ?? 0) + 1
    failures.set(linkId, count)
    if (count > retries.limit) return void failures.delete(linkId)
    waiting.add(linkId)
    const seconds = Math.min(retries.delaySeconds * 2 ** (count - 1), retries.delayMaxSeconds)
    await clock.sleep(seconds * 1_000, stopping.signal).catch(() => {})
    waiting.delete(linkId)
    if (!stopping.signal.aborted) queueUp(linkId)
    announce()
  }

  function announce(): void {
    const isIdle = active.size === 0 && (stopping.signal.aborted || queued.size + waiting.size === 0)
    if (!isIdle) return
    for (const resolve of waiters) resolve()
    waiters = []
  }

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      waiters.push(resolve)
      announce()
    })
  }

  return {
    idle,
    async send(_tx, linkId) {
      queueUp(linkId)
    },
    async work(given) {
      handler = given
      void run()
    },
    async stop() {
      stopping.abort(new Error('The job queue is stopping'))
      await idle()
    }
  }
}
