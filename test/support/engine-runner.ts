/** An engine in a process of its own, for tests that kill one: works rounds on the database and the twin given until it is ended. */
import { realPorts } from '../../src/adapters/real-ports.ts'
import { connect } from '../../src/database/open-database.ts'
import { memoryJobs } from '../../src/jobs/memory-jobs.ts'
import { silentLog } from '../../src/log.ts'
import { createEngine } from '../../src/sync/engine.ts'
import { postgresStore } from '../../src/sync/store.ts'
import { spryConnection } from './spry-connection.ts'

const [, , databaseUrl = '', twinUrl = ''] = process.argv
const ports = realPorts()
const { db } = connect(databaseUrl, silentLog, 5)
const jobs = memoryJobs(ports.clock)
const cron = { schedule: () => ({ stop: async () => undefined }), stop: async () => undefined }
const engine = createEngine({
  store: postgresStore(db, jobs),
  jobs,
  cron,
  ports,
  log: silentLog,
  connections: [await spryConnection(twinUrl, ports)],
  // what a killed engine held is free again after this time
  leaseMs: 2000,
  deadlineMs: 800,
  settleMs: 1000
})
await engine.start()

let stopping = false
process.once('SIGTERM', () => {
  stopping = true
})
console.log('working')
for (let full = true; !stopping; full = !full) {
  await engine.syncRound({ full })
  await ports.clock.sleep(20)
}
await engine.stop()
await ports.close()
await db.destroy()
