import { spawn } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { clock } from '../src/adapters/clock.ts'
import { newId } from '../src/adapters/new-id.ts'
import { connect } from '../src/database/open-database.ts'
import { memoryJobs } from '../src/jobs/memory-jobs.ts'
import { pgBossJobs } from '../src/jobs/pg-boss-jobs.ts'
import type { JobHandler, Jobs } from '../src/jobs.ts'
import { createLog, silentLog } from '../src/log.ts'
import { testDatabase } from './support/test-database.ts'

const { db, pool, url } = await testDatabase()
const open: Jobs[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((jobs) => jobs.stop()))
})

const queues: Record<string, () => Promise<Jobs>> = {
  'pg-boss': () => pgBossJobs({ url, log: silentLog }),
  memory: async () => memoryJobs(clock)
}

async function started(kind: string): Promise<Jobs> {
  const jobs = await (queues[kind] as () => Promise<Jobs>)()
  open.push(jobs)
  return jobs
}

/** A handler that remembers what it was given, and a way to wait for it. */
function recorder(work: JobHandler = async (linkIds) => allDone(linkIds)) {
  const seen: string[] = []
  let changed = () => {}
  const handler: JobHandler = (linkIds, signal) => {
    seen.push(...linkIds)
    changed()
    return work(linkIds, signal)
  }
  const until = async (condition: (seen: readonly string[]) => boolean) => {
    while (!condition(seen))
      await new Promise<void>((resolve) => {
        changed = resolve
      })
  }
  return { seen, handler, until }
}

const allDone = (linkIds: readonly string[]) => new Map(linkIds.map((linkId) => [linkId, 'done' as const]))
const times = (seen: readonly string[], linkId: string) => seen.filter((one) => one === linkId).length

describe.for(Object.keys(queues))('the %s queue', (kind) => {
  test('hands over every link that was sent', async () => {
    const jobs = await started(kind)
    const links = Array.from({ length: 120 }, newId)
    for (const link of links) await jobs.send(db, link)
    const { handler, until, seen } = recorder()
    await jobs.work(handler)
    await until((all) => all.length >= links.length)
    expect([...seen].sort()).toEqual([...links].sort())
  })

  test('queues a link once however often it is sent', async () => {
    const jobs = await started(kind)
    const [link, last] = [newId(), newId()]
    for (let i = 0; i < 5; i++) await jobs.send(db, link)
    await jobs.send(db, last)
    const { handler, until, seen } = recorder()
    await jobs.work(handler)
    await until((all) => all.includes(last) && all.includes(link))
    expect(times(seen, link)).toBe(1)
  })

  test('works a link again that is sent while it is being worked, but not at the same time', async () => {
    const jobs = await started(kind)
    const link = newId()
    let working = 0
    let most = 0
    const { handler, until } = recorder(async (linkIds) => {
      working++
      most = Math.max(most, working)
      if (linkIds.includes(link) && first) {
        first = false
        await jobs.send(db, link)
        await clock.sleep(50)
      }
      working--
      return allDone(linkIds)
    })
    let first = true
    await jobs.work(handler)
    await jobs.send(db, link)
    await until((all) => times(all, link) === 2)
    expect(most).toBe(1)
  })

  test('tries a failed link again, and the failure touches no other link', async () => {
    const jobs = await started(kind)
    const [good, bad, forgotten] = [newId(), newId(), newId()]
    const { handler, until, seen } = recorder(async (linkIds) => {
      const outcomes = new Map<string, 'done' | Error>(allDone(linkIds))
      if (linkIds.includes(bad) && times(seen, bad) === 1) outcomes.set(bad, new Error('not today'))
      if (linkIds.includes(forgotten) && times(seen, forgotten) === 1) outcomes.delete(forgotten)
      return outcomes
    })
    for (const link of [good, bad, forgotten]) await jobs.send(db, link)
    await jobs.work(handler)
    await until((all) => times(all, bad) === 2 && times(all, forgotten) === 2)
    expect(times(seen, good)).toBe(1)
  })

  test('tries all links again whose handler threw', async () => {
    const jobs = await started(kind)
    const link = newId()
    const { handler, until, seen } = recorder(async (linkIds) => {
      if (times(seen, link) === 1) throw new Error('a patient called Canary')
      return allDone(linkIds)
    })
    await jobs.send(db, link)
    await jobs.work(handler)
    await until((all) => times(all, link) === 2)
  })

  test('tells its handlers when it stops, and waits for them', async () => {
    const jobs = await started(kind)
    let finished = false
    const { handler, until } = recorder(async (linkIds, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      finished = true
      return allDone(linkIds)
    })
    const link = newId()
    await jobs.send(db, link)
    await jobs.work(handler)
    await until((all) => all.includes(link))
    await jobs.stop()
    expect(finished).toBe(true)
  })
})

describe('the pg-boss queue', () => {
  test('has no job of a transaction that rolled back', async () => {
    const jobs = await started('pg-boss')
    const [lost, last] = [newId(), newId()]
    const rolledBack = db.transaction().execute(async (tx) => {
      await jobs.send(tx, lost)
      throw new Error('roll back')
    })
    await expect(rolledBack).rejects.toThrow('roll back')
    await jobs.send(db, last)
    const { handler, until, seen } = recorder()
    await jobs.work(handler)
    await until((all) => all.includes(last))
    expect(seen).not.toContain(lost)
  })

  test('does not lose a change whose job was queued already when the change was not yet committed', async () => {
    const jobs = await started('pg-boss')
    const link = newId()
    await pool.query('CREATE TABLE IF NOT EXISTS change (link text)')
    await jobs.send(db, link)
    const { promise: found, resolve } = Promise.withResolvers<number | null>()
    const { handler, until } = recorder(async (linkIds) => {
      if (linkIds.includes(link)) resolve((await pool.query('SELECT FROM change WHERE link = $1', [link])).rowCount)
      return allDone(linkIds)
    })
    const other = newId()
    await db.transaction().execute(async (tx) => {
      await tx.executeQuery({ sql: 'INSERT INTO change VALUES ($1)', parameters: [link], query: { kind: 'RawNode' } } as never)
      await jobs.send(tx, link)
      await jobs.work(handler)
      await jobs.send(db, other)
      await until((all) => all.includes(other))
    })
    expect(await found).toBe(1)
  })

  test('lets two engines work one queue, each link in one of them', async () => {
    const [one, two] = [await started('pg-boss'), await started('pg-boss')]
    const links = Array.from({ length: 300 }, newId)
    const all: string[] = []
    const { handler, until } = recorder()
    const both: JobHandler = (linkIds, signal) => {
      all.push(...linkIds)
      return handler(linkIds, signal)
    }
    await one.work(both)
    await two.work(both)
    await db.transaction().execute(async (tx) => {
      for (const link of links) await one.send(tx, link)
    })
    await until((seen) => seen.length >= links.length)
    expect(new Set(all).size).toBe(links.length)
    expect(all).toHaveLength(links.length)
  })

  test('stores nothing of what an error said', async () => {
    const lines: string[] = []
    const jobs = await pgBossJobs({ url, log: createLog('debug', { write: (line) => void lines.push(line) }) })
    open.push(jobs)
    const link = newId()
    const { handler, until } = recorder(async () => {
      throw new Error('a patient called Canary')
    })
    await jobs.send(db, link)
    await jobs.work(handler)
    await until((all) => all.includes(link))
    await jobs.stop()
    const { rows } = await pool.query(
      `SELECT output::text AS output, data::text AS data FROM pgboss.job WHERE singleton_key = $1`,
      [link]
    )
    expect(rows).toEqual([{ output: '{"error": "Error"}', data: `{"linkId": "${link}"}` }])
    expect(lines.join()).toContain('job handler failed')
    expect(lines.join()).not.toContain('Canary')
  })

  test('gives a link to another worker within seconds of a kill -9', { timeout: 40_000 }, async () => {
    const jobs = await started('pg-boss')
    const link = newId()
    await jobs.send(db, link)
    const program = new URL('support/job-process.ts', import.meta.url).pathname
    const doomed = spawn(process.execPath, [program, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    const taken = await new Promise<string>((resolve) => doomed.stdout.once('data', (chunk) => resolve(String(chunk).trim())))
    expect(taken).toContain(link)
    doomed.kill('SIGKILL')
    const { handler, until } = recorder()
    const begin = clock.now()
    await jobs.work(handler)
    await until((all) => all.includes(link))
    expect(clock.now() - begin).toBeLessThan(20_000)
  })

  test('is set up by eight engines at once', async () => {
    const fresh = await testDatabase()
    const all = await Promise.all(Array.from({ length: 8 }, () => pgBossJobs({ url: fresh.url, log: silentLog })))
    open.push(...all)
    const { db: other } = connect(fresh.url, silentLog, 1)
    await (all[3] as Jobs).send(other, 'a')
    await other.destroy()
    const { rows } = await fresh.pool.query('SELECT count(*) AS jobs FROM pgboss.job')
    expect(rows).toEqual([{ jobs: 1 }])
  })
})
