/** A Spry case kept in step with the hub: edits on either side, on both, and what cannot be told. */
import type { Condition, EpisodeOfCare, Resource } from '@medplum/fhirtypes'
import { beforeAll, describe, expect, test } from 'vitest'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 5 })
})

const sid = (kind: string) => `https://fhir.example.org/sid/spry/${kind}`
const documented = 'SPRY_CASE_69cd0c97e7562d613ea89bc7'
const episode = (key = documented) => theOne<EpisodeOfCare>(practice.hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`)
const problem = (key = documented) => theOne<Condition>(practice.hub, `Condition?identifier=${sid('case-problem')}|${key}`)
const atSpry = (key = documented) => practice.twin.store.get(key) as Record<string, unknown>
const edit = (key: string, fields: Record<string, unknown>) =>
  fetch(`${practice.twin.url}/twin/cases/${key}`, {
    method: 'PATCH',
    body: JSON.stringify(fields),
    headers: { 'content-type': 'application/json' }
  })
const change = async <T extends Resource>(resource: T, edited: Partial<T>) =>
  practice.hub.update({ ...resource, ...edited } as T & { id: string })
const otherKey = () => practice.twin.store.list({ page: 0, size: 5 }).cases[2]?.spry_case_id as string

/** A further round must find nothing to do on either side. */
async function expectRest(): Promise<void> {
  const { counters } = practice.twin
  const versions = async () =>
    (
      await db
        .selectFrom('resource')
        .select(({ fn }) => fn.sum<number>('version').as('sum'))
        .executeTakeFirst()
    )?.sum
  await practice.round({ full: true })
  const before = [counters.created, counters.updated, await versions()]
  const { runs } = await practice.round({ full: true })
  expect(runs[0]?.books).toMatchObject({ applied: 0, merged: 0, conflicted: 0, echo: 0 })
  expect([counters.created, counters.updated, await versions()]).toEqual(before)
}

describe('a Spry case', () => {
  test('arrives in the hub with the first round, and the books balance', async () => {
    const { runs } = await practice.round()
    expect(
      runs.map(({ entity, state, books, error }) => ({ entity, state, error, seen: books.seen, applied: books.applied }))
    ).toContainEqual({
      entity: 'case',
      state: 'done',
      error: null,
      seen: 5,
      applied: 5
    })
    expect((await problem()).code?.text).toBe('Stable Burst Fracture')
    await expectRest()
  })

  test('carries an edit at the partner to FHIR', async () => {
    await edit(documented, { body_pain_notes: 'Worse at night' })
    await practice.round()
    expect((await problem()).note?.[0]?.text).toBe('Worse at night')
    await expectRest()
  })

  test('carries an edit in FHIR to the partner', async () => {
    await change(await problem(), { code: { text: 'Burst fracture, stable' } })
    await practice.round()
    expect(atSpry().case_title).toBe('Burst fracture, stable')
    await expectRest()
  })

  test('merges edits of different fields on both sides', async () => {
    await edit(documented, { frequency_and_duration: '2x/week' })
    await change(await problem(), { onsetDateTime: '2026-03-01' })
    await practice.round()
    expect(atSpry()).toMatchObject({ frequency_and_duration: '2x/week', date_of_injury: '2026-03-01' })
    const extension = (await episode()).extension?.find((one) => one.url.endsWith('spry-frequency-and-duration'))
    expect(extension?.valueString).toBe('2x/week')
    await expectRest()
  })

  test('makes one conflict of two edits of one field, which blocks nothing else', async () => {
    await edit(documented, { case_title: 'Title at Spry', case_visit_limit: 12 })
    await change(await problem(), { code: { text: 'Title in FHIR' } })
    await practice.round()
    const conflicts = await practice.store.ledger.allOpenConflicts()
    expect(conflicts.map(({ row, code }) => ({ row, code }))).toEqual([{ row: 'problem.code.text', code: 'conflict' }])
    expect(conflicts[0]?.content).toMatchObject({
      base: 'Burst fracture, stable',
      partner: 'Title at Spry',
      hub: 'Title in FHIR'
    })
    expect((await episode()).extension?.find((one) => one.url.endsWith('spry-case-visit-limit'))?.valueInteger).toBe(12)
    expect(atSpry().case_title).toBe('Title at Spry')
    await expectRest()
  })

  test('takes the value from FHIR when a person says so', async () => {
    const [conflict] = await practice.store.ledger.allOpenConflicts()
    await practice.store.ledger.decideConflict(conflict?.id ?? '', 'fhir', 'a tester')
    await practice.engine.workLink(conflict?.linkId ?? '')
    expect(atSpry().case_title).toBe('Title in FHIR')
    expect(await practice.store.ledger.allOpenConflicts()).toEqual([])
    await expectRest()
  })

  test('takes the value from the partner when a person says so', async () => {
    const key = otherKey()
    await edit(key, { case_title: 'Spry wins' })
    await change(await problem(key), { code: { text: 'FHIR loses' } })
    await practice.round()
    const [conflict] = await practice.store.ledger.allOpenConflicts()
    await practice.store.ledger.decideConflict(conflict?.id ?? '', 'partner', 'a tester')
    await practice.engine.workLink(conflict?.linkId ?? '')
    expect((await problem(key)).code?.text).toBe('Spry wins')
    expect(atSpry(key).case_title).toBe('Spry wins')
    await expectRest()
  })

  test('takes a third value when a person gives one', async () => {
    const key = otherKey()
    await edit(key, { case_title: 'One' })
    await change(await problem(key), { code: { text: 'Another' } })
    await practice.round()
    const [conflict] = await practice.store.ledger.allOpenConflicts()
    await practice.store.ledger.decideConflict(conflict?.id ?? '', 'value', 'a tester', 'A third')
    await practice.engine.workLink(conflict?.linkId ?? '')
    expect((await problem(key)).code?.text).toBe('A third')
    expect(atSpry(key).case_title).toBe('A third')
    await expectRest()
  })
})

test('a field that nobody foresaw stays in the base and is counted in the books', async () => {
  await edit(documented, { mood_of_the_day: 'sunny' })
  const { runs } = await practice.round()
  expect(runs[0]?.books.reasons).toMatchObject({ 'in no schema: mood_of_the_day': 1 })
  const { ledger } = practice.store
  const link = (await ledger.linksByKey('spry', 'case', [documented])).get(documented)
  const base = await ledger.recordsOf([link?.baseObservation as string])
  expect(base.get(link?.baseObservation as string)).toMatchObject({ mood_of_the_day: 'sunny' })
})

test('a link that was fused goes on when a person says so', async () => {
  const { ledger } = practice.store
  const link = (await ledger.linksByKey('spry', 'case', [documented])).get(documented)
  await db
    .updateTable('link')
    .set({ state: 'fused', reason: 'ping-pong', alternations: 9 })
    .where('id', '=', link?.id as string)
    .execute()
  await change(await problem(), { code: { text: 'While fused' } })
  await practice.round()
  expect(atSpry().case_title).not.toBe('While fused')
  await practice.engine.settleParked(link?.id as string, { kind: 'send-once' }, 'a tester')
  expect(atSpry().case_title).toBe('While fused')
  expect((await ledger.readLinks([link?.id as string])).get(link?.id as string)).toMatchObject({
    state: 'active',
    alternations: 0
  })
})
