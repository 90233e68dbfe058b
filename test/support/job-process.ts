/** A worker for the test that kills one: takes jobs from the database given and never finishes them. */
import { pgBossJobs } from '../../src/jobs/pg-boss-jobs.ts'
import { silentLog } from '../../src/log.ts'

const jobs = await pgBossJobs({ url: process.argv[2] ?? '', log: silentLog })
await jobs.work((linkIds) => {
  console.log(linkIds.join())
  return new Promise(() => {})
})
