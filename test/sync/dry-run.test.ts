/** A dry run says what both sides would be told, and leaves nothing behind. */
import type { Condition } from '@medplum/fhirtypes'
import { beforeAll, expect, test } from 'vitest'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 3 })
  await practice.round()
})

test('what an EHR wrote is named with its row, and neither the partner nor the ledger hears of it', async () => {
  const key = 'SPRY_CASE_69cd0c97e7562d613ea89bc7'
  const problem = await theOne<Condition>(
    practice.hub,
    `Condition?identifier=https://fhir.example.org/sid/spry/case-problem|${key}`
  )
  await practice.hub.updateResource({ ...problem, code: { text: 'Another title' } })
  const { wouldTell } = await practice.round({ dryRun: true })
  expect(wouldTell).toMatchObject([
    { entity: 'case', partnerKey: key, hub: 'none', partner: 'update', rows: ['problem.code.text'] }
  ])
  expect(practice.twin.counters.updated).toBe(0)
  expect(await db.selectFrom('intent').selectAll().execute()).toEqual([])
  await practice.round()
  expect(practice.twin.counters.updated).toBe(1)
})

test('a case born in FHIR is named as one to be created', async () => {
  const patient = await practice.hub.createResource({ resourceType: 'Patient' })
  const tag = [{ system: 'https://fhir.example.org/CodeSystem/sync-target', code: 'spry' }]
  const episode = await practice.hub.createResource({
    resourceType: 'EpisodeOfCare',
    meta: { tag },
    status: 'active',
    patient: { reference: `Patient/${patient.id}` }
  })
  const { wouldTell } = await practice.round({ dryRun: true })
  expect(wouldTell).toMatchObject([
    { entity: 'case', partnerKey: null, partner: 'create', reference: `EpisodeOfCare/${episode.id}` }
  ])
  expect(practice.twin.counters.created).toBe(0)
})
