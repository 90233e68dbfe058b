/** Two engines on one database: nothing is done twice, and one that was asleep while the other took over writes nothing. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createHttp } from '../../src/adapters/http.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { silentLog } from '../../src/log.ts'
import type { HttpAnswer, HttpRequest } from '../../src/ports.ts'
import { accounted } from '../../src/sync/books.ts'
import type { Engine } from '../../src/sync/engine.ts'
import { send } from '../../src/sync/send.ts'
import type { Store } from '../../src/sync/store.ts'
import { cases, sid, sidesOf } from '../support/at-spry.ts'
import { bornCase } from '../support/born-case.ts'
import { expectRest } from '../support/expect-rest.ts'
import { expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
const { http } = createHttp()
let practice: Practice
let other: Engine
beforeAll(async () => {
  practice = await openPractice(db, { cases: 30 })
  other = practice.another()
  await practice.round()
})
const { documented } = cases
const { keyAt, atSpry, editAtSpry, problem, change, post } = sidesOf(() => practice)
const linkId = async (key = documented) => (await practice.store.ledger.linksByKey('spry', 'case', [key])).get(key)?.id as string
const inStep = () => expectInStep(db, practice.twin, practice.connection)
const atRest = () => expectRest(db, practice.twin, () => practice.round({ full: true }))

/** An engine whose answers to the requests that fit are held back until `wake` is called. */
function sleeper(fits: (request: HttpRequest) => boolean) {
  let wake = () => {}
  let fellAsleep = () => {}
  const awake = new Promise<void>((resolve) => {
    wake = resolve
  })
  const asleep = new Promise<void>((resolve) => {
    fellAsleep = resolve
  })
  const held = async (request: HttpRequest): Promise<HttpAnswer> => {
    const answer = await http(request)
    if (!fits(request)) return answer
    fellAsleep()
    await awake
    return answer
  }
  return { engine: practice.another({ http: held }), asleep, wake: () => wake() }
}

describe('two engines at once', () => {
  test('do nothing twice, and the books of both balance', async () => {
    const titles: string[] = []
    for (let time = 0; time < 6; time++) {
      for (let place = 0; place < 10; place++) editAtSpry(keyAt(place), { body_pain_notes: `note ${time}.${place}` })
      for (let place = 10; place < 20; place++)
        await change(await problem(keyAt(place)), { code: { text: `title ${time}.${place}` } })
      titles.push(`born ${time}`)
      await post(bornCase(`Patient?identifier=${sid('patient')}|${atSpry(keyAt(time)).patient_id}`, `born ${time}`))
      practice.clock.forward(60_000)
      const due = await practice.store.ledger.dueLinks('spry', practice.clock.now(), 100)
      const both = [practice.engine, other].flatMap((engine) => [
        engine.syncRound({ full: true }),
        ...due.map((id) => engine.workLink(id))
      ])
      await Promise.allSettled(both)
    }
    await practice.round({ full: true })
    await practice.round({ full: true })
    await inStep()
    await atRest()
    for (const title of titles)
      expect(practice.twin.store.list({ page: 0, size: 100 }).cases.filter((one) => one.case_title === title)).toHaveLength(1)
    expect(practice.twin.counters).toMatchObject({ created: titles.length, createdAgain: 0 })
    // one write for each edit in FHIR, whoever made it, or for several that came before it was worked
    expect(practice.twin.counters.updated).toBeLessThanOrEqual(60)
    for (let place = 0; place < 10; place++) expect(atSpry(keyAt(place)).body_pain_notes).toBe(`note 5.${place}`)
    for (let place = 10; place < 20; place++) expect(atSpry(keyAt(place)).case_title).toBe(`title 5.${place}`)
    const runs = (await practice.store.ledger.lastRuns(1000)).filter(({ state }) => state === 'done')
    expect(runs.filter(({ books }) => accounted(books) !== books.seen)).toEqual([])
  })
})

describe('a listing that was asked for before an edit was told', () => {
  test('does not undo the edit when it comes', async () => {
    const { engine, asleep, wake } = sleeper(({ url }) => url.includes('page=0'))
    const run = engine.syncRound({ full: true })
    await asleep
    practice.clock.forward(1000)
    await change(await problem(), { code: { text: 'told meanwhile' } })
    await practice.engine.workLink(await linkId())
    wake()
    const { runs } = await run
    expect(runs[0]?.books.reasons).toEqual({ 'agreed-since': 1 })
    expect([(await problem()).code?.text, atSpry().case_title]).toEqual(['told meanwhile', 'told meanwhile'])
    expect(await practice.store.ledger.allOpenConflicts()).toEqual([])
    await inStep()
    await atRest()
  })
})

describe('a worker that sleeps while its lease runs out', () => {
  test('writes nothing after reading when another has taken the link', async () => {
    await change(await problem(), { code: { text: 'before the sleep' } })
    const { engine, asleep, wake } = sleeper(({ method, url }) => method === 'GET' && url.includes(documented))
    const work = engine.workLink(await linkId())
    await asleep
    practice.clock.forward(61_000)
    await change(await problem(), { code: { text: 'while it slept' } })
    await practice.engine.workLink(await linkId())
    const updated = practice.twin.counters.updated
    wake()
    await expect(work).rejects.toThrow('another worker has taken the link over')
    expect(practice.twin.counters.updated).toBe(updated)
    expect(atSpry().case_title).toBe('while it slept')
    await inStep()
    await atRest()
  })

  test('agrees on nothing after writing when another has taken the link', async () => {
    await change(await problem(), { code: { text: 'sent by the sleeper' } })
    const { engine, asleep, wake } = sleeper(({ method }) => method === 'PUT')
    const work = engine.workLink(await linkId())
    await asleep
    practice.clock.forward(200_000)
    await change(await problem(), { code: { text: 'sent by the other' } })
    await practice.engine.workLink(await linkId())
    const base = () => db.selectFrom('link').select('base_observation').where('partner_key', '=', documented).executeTakeFirst()
    const before = await base()
    wake()
    await expect(work).rejects.toThrow('another worker has taken the link over')
    expect(await base()).toEqual(before)
    expect(atSpry().case_title).toBe('sent by the other')
    await practice.round({ full: true })
    await inStep()
    await atRest()
  })

  test('sends nothing when it wakes after the deadline of its intent', async () => {
    const { clock, store, connection } = practice
    const [link] = (await store.ledger.readLinks([await linkId()])).values()
    const fence = (await store.ledger.takeLink(link?.id ?? '', clock.now(), clock.now() + 60_000)) as number
    const drowsy: Store = {
      ...store,
      async transaction(work) {
        const result = await store.transaction(work)
        clock.forward(61_000)
        return result
      }
    }
    const engine = {
      store: drowsy,
      ports: { clock, newId, http, random: () => 0.5 },
      log: silentLog,
      leaseMs: 60_000,
      deadlineMs: 25_000,
      settleMs: 120_000,
      holder: 'sleeper'
    }
    const held = { engine, connection, link: link as NonNullable<typeof link>, fence, actor: 'engine' }
    const asked = practice.twin.counters.calls.get('updateCase')
    const body = { case_title: 'too late' }
    await expect(send(held, 'updateCase', { path: { spry_case_id: documented }, body }, { body, record: body })).rejects.toThrow(
      'too late to send'
    )
    expect(practice.twin.counters.calls.get('updateCase')).toBe(asked)
    expect((await store.ledger.intentsOf(link?.id ?? '')).at(-1)).toMatchObject({ state: 'given-up' })
    await atRest()
  })

  test('applies no page, moves no cursor and buries nobody when another has made the run', async () => {
    const { engine, asleep, wake } = sleeper(({ url }) => url.includes('page=0'))
    const run = engine.syncRound({ full: true })
    await asleep
    editAtSpry(documented, { body_pain_notes: 'written while it slept' })
    await practice.round({ full: true })
    practice.clock.forward(61_000)
    await practice.round({ full: true })
    const cursor = () => practice.store.ledger.readCursor('spry', 'case')
    const before = await cursor()
    wake()
    expect((await run).runs[0]).toMatchObject({ state: 'failed', error: expect.stringContaining('LeaseLost') })
    expect(await cursor()).toEqual(before)
    expect((await problem()).note?.[0]?.text).toBe('written while it slept')
    await inStep()
    await atRest()
  })
})
