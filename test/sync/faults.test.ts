/** Whatever goes wrong on the way to Spry: when it stops, both sides come to rest within three rounds, and no case is created twice. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type FaultKind, faultKinds } from '../../mappings/spry/twin/faults.ts'
import { cases, sid, sidesOf, withDiagnosis } from '../support/at-spry.ts'
import { bornCase } from '../support/born-case.ts'
import { expectRest } from '../support/expect-rest.ts'
import { differences, expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 8 })
  await practice.round()
})
const { keyAt, atSpry, editAtSpry, episode, problem, change, post } = sidesOf(() => practice)

const inStep = () => expectInStep(db, practice.twin, practice.connection)
const atRest = () => expectRest(db, practice.twin, () => practice.round({ full: true }))
/** Rounds until nothing is apart; how many it took. */
async function roundsToRest(): Promise<number> {
  for (let rounds = 0; rounds < 3; rounds++) {
    if ((await differences(db, practice.twin, practice.connection)).length === 0) return rounds
    await practice.round({ full: true })
  }
  await inStep()
  return 3
}
const linkOf = (anchorId: string | undefined) =>
  db
    .selectFrom('link')
    .selectAll()
    .where('anchor_id', '=', anchorId ?? '')
    .executeTakeFirstOrThrow()

/** Faults after which the partner has done what it was asked, and those that it answers with a refusal. */
const done: readonly FaultKind[] = ['drop-response', 'late', 'reset', 'truncated', '502-after-effect']
const calls = ['listCases', 'getCase', 'createCase', 'updateCase'] as const
let count = 0

describe.each(calls)('%s failing', (call) => {
  test.each(faultKinds)('by %s loses nothing and does nothing twice', async (kind) => {
    const title = `born ${++count}`
    const [mine, theirs] = [keyAt(count % 3), keyAt(3 + (count % 3))]
    const patient = atSpry(mine).patient_id
    const before = { created: practice.twin.counters.created, conflicts: (await practice.store.ledger.allOpenConflicts()).length }
    await change(await problem(mine), { code: { text: `title ${count}` } })
    editAtSpry(theirs, { body_pain_notes: `note ${count}` })
    const born = await post(bornCase(`Patient?identifier=${sid('patient')}|${patient}`, title))
    practice.twin.faults.add({ kind, call, ms: 10, times: call === 'listCases' ? 2 : 1 })
    await practice.round({ full: true })
    practice.twin.faults.clear()
    await roundsToRest()

    const conflicts = (await practice.store.ledger.allOpenConflicts()).slice(before.conflicts)
    const refused = call === 'updateCase' && kind === '200-error'
    expect(conflicts.map(({ code }) => code)).toEqual(refused ? ['invalid-content'] : [])
    expect((await problem(mine)).code?.text).toBe(`title ${count}`)
    if (!refused) expect(atSpry(mine).case_title).toBe(`title ${count}`)
    expect((await problem(theirs)).note?.[0]?.text).toBe(`note ${count}`)
    await expectCreatedOnce(title, born.entry?.[2]?.resource?.id, call === 'createCase' ? kind : undefined)
    expect(practice.twin.counters.createdAgain).toBe(0)
    await inStep()
    await atRest()
    if (refused) await change(await problem(mine), { code: { text: atSpry(mine).case_title } })
  })
})

/** A create whose answer is lost waits for a person, one that is refused for a change, and every other one is done. */
async function expectCreatedOnce(title: string, anchorId: string | undefined, failed: FaultKind | undefined): Promise<void> {
  // what is parked stays so, whoever says "look at this"
  const { id, state } = await linkOf(anchorId)
  if (state === 'parked') await practice.engine.workLink(id)
  const link = await linkOf(anchorId)
  const made = practice.twin.store.list({ page: 0, size: 1000 }).cases.filter((one) => one.case_title === title)
  if (failed !== undefined && (done.includes(failed) || failed === 'drop-request' || failed === '500')) {
    expect([link.state, link.reason, made.length]).toEqual(['parked', 'create-unknown', done.includes(failed) ? 1 : 0])
  } else if (failed === '200-error') expect([link.state, link.reason, made.length]).toEqual(['waiting', 'rejected', 0])
  else expect([link.state, made.map((one) => one.spry_case_id)]).toEqual(['active', [link.partner_key]])
}

describe('a listing', () => {
  test('that fails moves no cursor, and the next one finds what changed', async () => {
    await practice.round({ full: true })
    const cursor = () => practice.store.ledger.readCursor('spry', 'case')
    const before = await cursor()
    editAtSpry(cases.documented, { body_pain_notes: 'changed while listings fail' })
    practice.twin.faults.add({ kind: '500', call: 'listCases', times: 100 })
    const { runs } = await practice.round()
    practice.twin.faults.clear()
    expect(runs[0]).toMatchObject({ state: 'failed' })
    expect(await cursor()).toEqual(before)
    await practice.round()
    expect((await problem()).note?.[0]?.text).toBe('changed while listings fail')
    expect((await cursor()).watermark).toBeGreaterThan(before.watermark as number)
  })
})

describe('a diagnosis that an EHR adds', () => {
  test.each(done.filter((kind) => kind !== 'late'))(
    'is one diagnosis although the answer to the update is lost by %s',
    async (kind) => {
      const key = keyAt(6)
      const count = atSpry(key).icd_codes?.length ?? 0
      const code =
        { 'drop-response': 'M25.511', reset: 'M25.512', truncated: 'M77.11', '502-after-effect': 'M72.1' }[kind as string] ?? ''
      practice.twin.faults.add({ kind, call: 'updateCase' })
      await post(withDiagnosis(await episode(key), code, 'Told by the EHR'))
      await practice.round({ full: true })
      await roundsToRest()
      expect(
        atSpry(key)
          .icd_codes?.map((one) => one.code)
          .filter((one) => one === code)
      ).toEqual([code])
      expect(atSpry(key).icd_codes).toHaveLength(count + 1)
      await inStep()
      await atRest()
    }
  )
})
