/** Spry documents no call that changes a case: without the grant for the supposed one, what EHRs change is kept and shown. */
import { beforeAll, expect, test } from 'vitest'
import { cases, sidesOf } from '../support/at-spry.ts'
import { expectRest } from '../support/expect-rest.ts'
import { expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 3, allowUpdate: false })
  await practice.round()
})
const { atSpry, editAtSpry, problem, change } = sidesOf(() => practice)
const conflicts = () => practice.store.ledger.allOpenConflicts()
const settle = async () => {
  await practice.round({ full: true })
  await expectInStep(db, practice.twin, practice.connection)
  await expectRest(db, practice.twin, () => practice.round({ full: true }), 3)
}

test('an edit in FHIR is one conflict that stays through rounds', async () => {
  await change(await problem(), { code: { text: 'Title in FHIR' } })
  await settle()
  const [conflict, ...more] = await conflicts()
  expect(more).toEqual([])
  expect(conflict).toMatchObject({
    row: 'problem.code.text',
    code: 'unsupported-write',
    content: { partner: 'Stable Burst Fracture', hub: 'Title in FHIR' }
  })
  await settle()
  expect((await conflicts()).map(({ id }) => id)).toEqual([conflict?.id])
})

test('an edit of the same at Spry makes it a conflict of two values, and neither is lost', async () => {
  editAtSpry(cases.documented, { case_title: 'Title at Spry', body_pain_notes: 'flows on' })
  await settle()
  expect(await conflicts()).toMatchObject([
    {
      row: 'problem.code.text',
      code: 'conflict',
      content: { base: 'Stable Burst Fracture', partner: 'Title at Spry', hub: 'Title in FHIR' }
    }
  ])
  expect(await problem()).toMatchObject({ code: { text: 'Title in FHIR' }, note: [{ text: 'flows on' }] })
  expect(atSpry().case_title).toBe('Title at Spry')
  expect(practice.twin.counters.updated).toBe(0)
})

test('it is settled when a person takes what Spry says', async () => {
  const [conflict] = await conflicts()
  await practice.store.ledger.decideConflict(conflict?.id as string, 'partner', 'a tester')
  await practice.engine.workLink(conflict?.linkId as string)
  expect(await conflicts()).toEqual([])
  expect((await problem()).code?.text).toBe('Title at Spry')
  await settle()
})
