import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createCron, tickCoordinator } from '../src/cron.ts'
import { connect } from '../src/database/open-database.ts'
import { createLog, silentLog } from '../src/log.ts'
import { testDatabase } from './support/test-database.ts'

const { db, url } = await testDatabase()

const ticks = async () =>
  (await sql<{ key: string }>`SELECT key FROM cron_tick ORDER BY key`.execute(db)).rows.map((row) => row.key)

test('a tick goes to one of the processes that ask for it at the same moment', async () => {
  const pools = Array.from({ length: 8 }, () => connect(url, silentLog, 1))
  const answers = await Promise.all(pools.map((pool) => tickCoordinator(pool.db).shouldRun('sweep@12:00', 60_000)))
  await Promise.all(pools.map((pool) => pool.db.destroy()))
  expect(answers.filter(Boolean)).toHaveLength(1)
  expect(await tickCoordinator(db).shouldRun('sweep@12:00', 60_000)).toBe(false)
  expect(await tickCoordinator(db).shouldRun('sweep@12:01', 60_000)).toBe(true)
})

test('ticks are forgotten after a week', async () => {
  await sql`INSERT INTO cron_tick VALUES ('old', now() - interval '8 days'), ('recent', now() - interval '6 days')`.execute(db)
  await tickCoordinator(db).shouldRun('new', 60_000)
  expect(await ticks()).toEqual(expect.arrayContaining(['new', 'recent']))
  expect(await ticks()).not.toContain('old')
})

test('two engines on one database run each tick once between them', async () => {
  const ran: string[] = []
  const second = connect(url, silentLog, 2)
  const engines = [createCron({ db, log: silentLog }), createCron({ db: second.db, log: silentLog })]
  await new Promise<void>((resolve) => {
    for (const [index, engine] of engines.entries()) {
      engine.schedule('every-second', '* * * * * *', 'UTC', async () => {
        ran.push(`engine ${index}`)
        if (ran.length === 3) resolve()
      })
    }
  })
  await Promise.all(engines.map((engine) => engine.stop()))
  await second.db.destroy()
  expect((await ticks()).filter((key) => key.includes('every-second'))).toHaveLength(ran.length)
})

test('a run that fails is logged by its name, and the next tick runs', async () => {
  const lines: string[] = []
  const cron = createCron({ db, log: createLog('info', { write: (line) => void lines.push(line) }) })
  let runs = 0
  await new Promise<void>((resolve) => {
    cron.schedule('failing', '* * * * * *', 'America/Denver', async () => {
      if (++runs === 2) resolve()
      throw new Error('Canary')
    })
  })
  await cron.stop()
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'scheduled run failed', job: 'failing', error: 'Error' })
  expect(lines.join()).not.toContain('Canary')
})

test('stopping waits for the run that is going on, and nothing runs after', async () => {
  const cron = createCron({ db, log: silentLog })
  let runs = 0
  let ended = 0
  const release = Promise.withResolvers<void>()
  await new Promise<void>((resolve) => {
    cron.schedule('slow', '* * * * * *', 'UTC', async () => {
      runs++
      resolve()
      await release.promise
      ended++
    })
  })
  const stopped = cron.stop()
  release.resolve()
  await stopped
  expect([runs, ended]).toEqual([1, 1])
})

test('an expression that is none says what one looks like', () => {
  const cron = createCron({ db, log: silentLog })
  expect(() => cron.schedule('sweep', 'now and then', 'UTC', async () => {})).toThrow("'* * * * *'")
})
