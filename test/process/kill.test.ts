/** An engine that is killed again and again in the middle of its work: nothing is done twice, and nothing is missing afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Condition, EpisodeOfCare } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSpryTwin, population, type SpryTwin } from '../../mappings/spry/twin.ts'
import { realPorts } from '../../src/adapters/real-ports.ts'
import { fullAccess } from '../../src/fhir/access.ts'
import { HubRepository } from '../../src/fhir/hub-repository.ts'
import { runTransaction } from '../../src/fhir/transaction.ts'
import { memoryJobs } from '../../src/jobs/memory-jobs.ts'
import { ledgerOn } from '../../src/ledger/ledger.ts'
import { silentLog } from '../../src/log.ts'
import { accounted } from '../../src/sync/books.ts'
import { createEngine } from '../../src/sync/engine.ts'
import { postgresStore } from '../../src/sync/store.ts'
import { sid, withDiagnosis } from '../support/at-spry.ts'
import { bornCase } from '../support/born-case.ts'
import { expectRest } from '../support/expect-rest.ts'
import { differences, expectInStep } from '../support/in-step.ts'
import { theOne } from '../support/practice.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { spryConnection } from '../support/spry-connection.ts'
import { testDatabase } from '../support/test-database.ts'

const kills = 20
const cases = 500
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const random = seededRandom(seed)
const below = (count: number) => Math.floor(random() * count)

const { db, url } = await testDatabase()
const ports = realPorts()
const jobs = memoryJobs(ports.clock)
let twin: SpryTwin
let hub: HubRepository
let keys: string[]
beforeAll(async () => {
  twin = await createSpryTwin({ ports, population: population(1, cases), token: 'token', latencyMs: 5 })
  // creates take their time, so that some kills fall into them
  twin.faults.add({ kind: 'delay', call: 'createCase', ms: 80, times: 1_000_000 })
  keys = twin.store.list({ page: 0, size: cases }).cases.map((one) => one.spry_case_id)
  hub = new HubRepository({ db, ...ports, onWrite: (await engineHere()).onHubWrite })
})
afterAll(async () => {
  await twin.close()
  await ports.close()
})

async function engineHere() {
  const cron = { schedule: () => ({ stop: async () => undefined }), stop: async () => undefined }
  const connections = [await spryConnection(twin.url, ports)]
  return createEngine({
    store: postgresStore(db, jobs),
    jobs,
    cron,
    ports,
    log: silentLog,
    connections,
    leaseMs: 2000,
    deadlineMs: 800,
    settleMs: 1000
  })
}

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts an engine and waits until it works. */
async function startEngine(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['test/support/engine-runner.ts', url, twin.url], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the engine did not start')))
  ])
  return child
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** What people wrote last, by case: it must be on both sides in the end. */
const lastNote = new Map<string, string>()
const lastTitle = new Map<string, string>()
const born: { title: string; episode: string | undefined }[] = []
const diagnosed = new Map<string, string>()
let edits = 0

/** A clinician writes a note into Spry. Clinicians have the even cases, EHRs the odd ones: nobody edits under another's write. */
function editAtSpry(): void {
  const key = keys[2 * below(cases / 2)] as string
  const note = `note ${++edits}`
  twin.store.edit(twin.store.get(key) as NonNullable<ReturnType<typeof twin.store.get>>, { body_pain_notes: note })
  lastNote.set(key, note)
}

async function editInHub(): Promise<void> {
  const key = keys[2 * below(cases / 2) + 1] as string
  const problem = await theOne<Condition>(hub, `Condition?identifier=${sid('case-problem')}|${key}`).catch(() => undefined)
  if (!problem) return
  const title = `title ${++edits}`
  await hub.updateResource({ ...problem, code: { text: title } }, { ifMatch: problem.meta?.versionId as string }).then(
    () => lastTitle.set(key, title),
    () => undefined
  )
}

/** An EHR finds one more thing that is wrong. */
async function addDiagnosis(): Promise<void> {
  const key = keys[2 * below(cases / 2) + 1] as string
  const [icd, words] =
    (
      [
        ['M77.11', 'Tennis elbow'],
        ['M65.4', 'De Quervain'],
        ['G56.01', 'Carpal tunnel']
      ] as const
    )[below(3)] ?? []
  const episode = await theOne<EpisodeOfCare>(hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`).catch(() => undefined)
  if (!episode || !icd || twin.store.get(key)?.icd_codes?.some(({ code }) => code === icd) || diagnosed.has(key)) return
  diagnosed.set(key, icd)
  const bundle = withDiagnosis(episode, icd, words as string)
  await runTransaction(hub, bundle, { access: fullAccess, handling: 'strict', withResources: false }).catch(() =>
    diagnosed.delete(key)
  )
}

async function bear(): Promise<void> {
  const title = `born ${++edits}`
  const patient = twin.store.get(keys[below(cases)] as string)?.patient_id
  const bundle = bornCase(`Patient?identifier=${sid('patient')}|${patient}`, title)
  await runTransaction(hub, bundle, { access: fullAccess, handling: 'strict', withResources: true }).then(
    (answer) => born.push({ title, episode: answer.entry?.[2]?.resource?.id }),
    () => undefined
  )
}

test(`an engine killed ${kills} times comes to rest with nothing twice and nothing missing (SEED=${seed})`, {
  timeout: 120_000
}, async () => {
  console.log(`SEED=${seed}`)
  let editing = true
  const people = (async () => {
    while (editing) {
      const dice = random()
      if (dice < 0.5) editAtSpry()
      else if (dice < 0.75) await editInHub()
      else if (dice < 0.85) await addDiagnosis()
      else await bear()
      await ports.clock.sleep(10 + below(50))
    }
  })()
  for (let kill = 0; kill < kills; kill++) {
    const child = await startEngine()
    await ports.clock.sleep(20 + below(kill % 2 === 0 ? 500 : 1800))
    await end(child, 'SIGKILL')
  }
  editing = false
  await people
  twin.faults.clear()

  const connection = await spryConnection(twin.url, ports)
  const survivor = await startEngine()
  const until = ports.clock.now() + 30_000
  while (ports.clock.now() < until && (await differences(db, twin, connection)).length > 0) await ports.clock.sleep(250)
  await end(survivor, 'SIGTERM')
  await expectInStep(db, twin, connection)
  const engine = await engineHere()
  await engine.syncRound({ full: true })
  await expectRest(db, twin, () => engine.syncRound({ full: true }))

  const finished = (await ledgerOn(db).lastRuns(100_000)).filter(({ state }) => state === 'done')
  expect(finished.filter(({ books }) => accounted(books) !== books.seen)).toEqual([])
  expect(twin.counters.createdAgain).toBe(0)
  await expectEachBornOnce()
  expectEditsKept()
  const intents = await db
    .selectFrom('intent')
    .select(['call', 'state', ({ fn }) => fn.countAll<string>().as('count')])
    .groupBy(['call', 'state'])
    .execute()
  console.log({
    edits,
    born: born.length,
    diagnosed: diagnosed.size,
    created: twin.counters.created,
    updated: twin.counters.updated,
    intents: intents.map((row) => `${row.call} ${row.state} ${row.count}`)
  })
})

async function expectEachBornOnce(): Promise<void> {
  const links = await db
    .selectFrom('link')
    .select(['anchor_id', 'partner_key', 'state', 'reason'])
    .where('entity', '=', 'case')
    .execute()
  for (const { title, episode } of born) {
    const made = twin.store
      .list({ page: 0, size: 1_000_000 })
      .cases.filter((one) => one.case_title === title)
      .map((one) => one.spry_case_id)
    const [link, ...more] = links.filter((one) => one.anchor_id === episode)
    expect(more).toEqual([])
    if (link?.state === 'parked') expect([link.reason, made.length <= 1]).toEqual(['create-unknown', true])
    else expect([title, link?.state, made]).toEqual([title, 'active', [link?.partner_key]])
  }
}

function expectEditsKept(): void {
  for (const [key, note] of lastNote) expect([key, twin.store.get(key)?.body_pain_notes]).toEqual([key, note])
  for (const [key, code] of diagnosed) expect(twin.store.get(key)?.icd_codes?.filter((one) => one.code === code)).toHaveLength(1)
  for (const [key, title] of lastTitle) expect([key, twin.store.get(key)?.case_title]).toEqual([key, title])
}
