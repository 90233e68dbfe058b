/** A case that Spry no longer lists: gone after two complete sweeps, never by a guess, and a person is asked when it comes back. */
import type { Condition } from '@medplum/fhirtypes'
import { beforeAll, describe, expect, test } from 'vitest'
import type { SpryCase } from '../../mappings/spry/records.ts'
import { sidesOf } from '../support/at-spry.ts'
import { expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 20 })
  await practice.round()
})
const { keyAt, atSpry, editAtSpry, episode, problem, diagnosis } = sidesOf(() => practice)
const sweep = () => practice.round({ full: true })
const linkOf = async (key: string) => (await practice.store.ledger.linksByKey('spry', 'case', [key])).get(key)
const hubTotals = () =>
  db
    .selectFrom('resource')
    .select(({ fn }) => [fn.countAll<string>().as('count'), fn.sum<string>('version').as('versions')])
    .where('deleted', '=', false)
    .executeTakeFirst()
const verification = (condition: Condition) => condition.verificationStatus?.coding?.[0]?.code

let gone: SpryCase

describe('a case that is deleted at Spry', () => {
  test('stays as it is after the first sweep without it', async () => {
    gone = atSpry(keyAt(4))
    practice.twin.store.remove(gone.spry_case_id)
    const before = await hubTotals()
    await sweep()
    expect(await hubTotals()).toEqual(before)
    expect(await linkOf(gone.spry_case_id)).toMatchObject({ state: 'active', missing: 1 })
  })

  test('is entered in error after the second, and nothing is deleted', async () => {
    const before = await hubTotals()
    await sweep()
    const key = gone.spry_case_id
    expect((await episode(key)).status).toBe('entered-in-error')
    const conditions = [await problem(key), await diagnosis(key, gone.icd_codes?.[0]?.id as number)]
    // con-5: a condition entered in error has no clinical status
    for (const condition of conditions)
      expect([verification(condition), condition.clinicalStatus]).toEqual(['entered-in-error', undefined])
    expect((await hubTotals())?.count).toBe(before?.count)
    expect(await linkOf(key)).toMatchObject({ state: 'tombstone', reason: 'absent' })
    const rest = await hubTotals()
    await sweep()
    expect(await hubTotals()).toEqual(rest)
    await expectInStep(db, practice.twin, practice.connection)
  })

  test('is one conflict and no second case when it is back', async () => {
    const { store } = practice.twin
    const before = await hubTotals()
    store.changed.delete(store.keyOf(gone.spry_case_id))
    store.order = undefined
    expect(atSpry(gone.spry_case_id)).toEqual(gone)
    const { runs } = await sweep()
    expect(runs[0]?.books).toMatchObject({ conflicted: 1 })
    for (let round = 0; round < 2; round++) await sweep()
    const conflicts = await practice.store.ledger.allOpenConflicts()
    expect(conflicts.map(({ row, code }) => ({ row, code }))).toEqual([{ row: 'episode', code: 'conflict' }])
    expect(await linkOf(gone.spry_case_id)).toMatchObject({ state: 'parked', reason: 'reappeared' })
    expect(await hubTotals()).toEqual(before)
  })

  test('is as Spry has it when a person takes it back', async () => {
    const [conflict] = await practice.store.ledger.allOpenConflicts()
    await practice.store.ledger.decideConflict(conflict?.id as string, 'partner', 'a tester')
    await practice.engine.workLink(conflict?.linkId as string)
    const key = gone.spry_case_id
    expect((await problem(key)).clinicalStatus?.coding?.[0]?.code).toBe('active')
    expect(verification(await problem(key))).toBeUndefined()
    await sweep()
    expect(await practice.store.ledger.allOpenConflicts()).toEqual([])
    await expectInStep(db, practice.twin, practice.connection)
  })
})

describe('a listing without much of what there was', () => {
  test('marks nothing as gone and asks a person', async () => {
    const keys = Array.from({ length: 6 }, (_, place) => keyAt(place))
    const kept = keys.map(atSpry)
    for (const key of keys) practice.twin.store.remove(key)
    const before = await hubTotals()
    for (let round = 0; round < 3; round++) {
      const { runs } = await sweep()
      expect(runs[0]).toMatchObject({ state: 'done', error: expect.stringContaining('6 of 20 records are missing') })
    }
    expect(await hubTotals()).toEqual(before)
    for (const record of kept) practice.twin.store.keep(record)
    practice.twin.store.order = undefined
    await sweep()
    await expectInStep(db, practice.twin, practice.connection)
  })
})

describe('pages that move while they are read', () => {
  test('bury nobody: what two sweeps missed is asked for by its key', async () => {
    const unlucky = keyAt(7)
    const { store } = practice.twin
    const { listed } = store
    store.listed = () => listed.call(store).filter((key) => key !== store.keyOf(unlucky))
    await sweep()
    await sweep()
    store.listed = listed
    expect((await episode(unlucky)).status).not.toBe('entered-in-error')
    expect(await linkOf(unlucky)).toMatchObject({ state: 'active', missing: 2 })
    editAtSpry(unlucky, { body_pain_notes: 'still here' })
    await sweep()
    expect((await problem(unlucky)).note?.[0]?.text).toBe('still here')
    expect(await linkOf(unlucky)).toMatchObject({ state: 'active', missing: 0 })
  })
})
