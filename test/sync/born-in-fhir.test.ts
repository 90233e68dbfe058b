/** Cases that an EHR opens in FHIR are created at Spry exactly once, whatever happens to the answer. */
import type { Bundle, Condition, EpisodeOfCare } from '@medplum/fhirtypes'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fullAccess } from '../../src/fhir/access.ts'
import { runTransaction } from '../../src/fhir/transaction.ts'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 3 })
  await practice.round()
})

const sid = (kind: string) => `https://fhir.example.org/sid/spry/${kind}`
let patientId = 0
let title = ''
beforeEach(() => {
  const taken = practice.twin.store.list({ page: 0, size: 1 }).cases[0]?.patient_id as number
  patientId = taken
  title = `Case ${practice.clock.now()}`
  practice.clock.forward(1000)
})

/** A case as an EHR would post it: an episode with its complaint and a coded diagnosis, in one transaction. */
function caseBundle(patient: string | undefined): Bundle {
  const subject = { reference: patient ?? 'urn:uuid:00000000-0000-4000-8000-000000000001' }
  const category = (system: string, code: string) => [{ coding: [{ system, code }] }]
  const clinicalStatus = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] }
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000002',
        resource: {
          resourceType: 'Condition',
          clinicalStatus,
          category: category('http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern'),
          code: { text: title },
          subject
        },
        request: { method: 'POST', url: 'Condition' }
      },
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000003',
        resource: {
          resourceType: 'Condition',
          clinicalStatus,
          category: category('http://terminology.hl7.org/CodeSystem/condition-category', 'problem-list-item'),
          code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'M54.50' }], text: 'Low back pain' },
          subject
        },
        request: { method: 'POST', url: 'Condition' }
      },
      {
        resource: {
          resourceType: 'EpisodeOfCare',
          meta: { tag: [{ system: 'https://fhir.example.org/CodeSystem/sync-target', code: 'spry' }] },
          status: 'active',
          type: [{ coding: [{ system: 'https://fhir.example.org/CodeSystem/spry-specialization', code: 'MSK' }] }],
          diagnosis: [
            {
              condition: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000002' },
              role: {
                coding: [{ system: 'http://terminology.hl7.org/CodeSystem/diagnosis-role', code: 'CC' }]
              }
            },
            {
              condition: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000003' },
              role: { coding: [{ system: 'https://fhir.example.org/CodeSystem/case-diagnosis-role', code: 'medical' }] },
              rank: 1
            }
          ],
          patient: subject,
          period: { start: '2026-04-02' }
        },
        request: { method: 'POST', url: 'EpisodeOfCare' }
      }
    ]
  }
}

const post = (bundle: Bundle) =>
  runTransaction(practice.hub, bundle, { access: fullAccess, handling: 'strict', withResources: true })
const known = () => `Patient?identifier=${sid('patient')}|${patientId}`
const atSpry = () => practice.twin.store.list({ page: 0, size: 1000 }).cases.filter((one) => one.case_title === title)
const links = () => db.selectFrom('link').select(['id', 'state', 'reason', 'partner_key']).where('entity', '=', 'case').execute()

describe('a case born in FHIR', () => {
  test('becomes one case at Spry, and its resources bear the identifiers', async () => {
    const before = practice.twin.counters.created
    await post(caseBundle(known()))
    await practice.round()
    expect(practice.twin.counters.created - before).toBe(1)
    expect(atSpry()).toHaveLength(1)
    expect(atSpry()[0]).toMatchObject({
      patient_id: patientId,
      treatment_start_date: '2026-04-02',
      icd_codes: [{ code: 'M54.50' }]
    })
    const key = atSpry()[0]?.spry_case_id as string
    const episode = await theOne<EpisodeOfCare>(practice.hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`)
    expect(episode.diagnosis).toHaveLength(2)
    const problem = await theOne<Condition>(practice.hub, `Condition?identifier=${sid('case-problem')}|${key}`)
    expect(problem.code?.text).toBe(title)
    const icd = atSpry()[0]?.icd_codes?.[0]?.id
    const diagnosis = await theOne<Condition>(practice.hub, `Condition?identifier=${sid('case-diagnosis')}|${key}/${icd}`)
    expect(diagnosis.id).toBe(episode.diagnosis?.[1]?.condition?.reference?.split('/')[1])
    expect(await practice.store.ledger.allOpenConflicts()).toEqual([])
    for (let round = 0; round < 3; round++) {
      const { runs, worked } = await practice.round({ full: true })
      expect(runs[0]?.books).toMatchObject({ applied: 0, merged: 0, conflicted: 0, skipped: 0, parked: 0 })
      expect(worked.links).toBe(0)
    }
    expect(practice.twin.counters.created - before).toBe(1)
  })

  test('waits while its patient is unknown at the partner, and goes on when a crosswalk names the patient', async () => {
    const patient = await practice.hub.createResource({ resourceType: 'Patient', name: [{ family: 'Born here' }] })
    await post(caseBundle(`Patient/${patient.id}`))
    await practice.round()
    expect(await links()).toContainEqual(expect.objectContaining({ state: 'waiting', reason: 'missing-reference' }))
    expect(atSpry()).toEqual([])
    await practice.hub.updateResource({ ...patient, identifier: [{ system: sid('patient'), value: '777001' }] })
    await practice.round()
    expect(atSpry()).toMatchObject([{ patient_id: 777001 }])
  })

  test('is parked and never sent again when the answer is lost, and is adopted when a person says which one it is', async () => {
    practice.twin.faults.add({ kind: 'drop-response', call: 'createCase' })
    const before = practice.twin.counters.created
    await post(caseBundle(known()))
    await practice.round()
    await practice.round({ full: true })
    await practice.round({ full: true })
    expect(practice.twin.counters.created - before).toBe(1)
    const parked = (await links()).find((link) => link.state === 'parked')
    expect(parked).toMatchObject({ reason: 'create-unknown', partner_key: null })
    expect((await db.selectFrom('resource').select('id').where('resource_type', '=', 'EpisodeOfCare').execute()).length).toBe(
      (await links()).length
    )
    await practice.engine.settleParked(
      parked?.id as string,
      { kind: 'adopt', partnerKey: atSpry()[0]?.spry_case_id as string },
      'a tester'
    )
    await practice.round({ full: true })
    expect(await links()).toContainEqual(
      expect.objectContaining({ id: parked?.id, state: 'active', partner_key: atSpry()[0]?.spry_case_id })
    )
    expect(practice.twin.counters.created - before).toBe(1)
  })

  test('is parked when Spry already has a case that it may be', async () => {
    const response = await fetch(`${practice.twin.url}/twin/cases`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ patient_id: patientId, case_title: title, specialization: 'MSK' })
    })
    expect(response.ok).toBe(true)
    const before = practice.twin.counters.created
    await post(caseBundle(known()))
    const [link] = await db
      .selectFrom('link')
      .select('id')
      .where('partner_key', 'is', null)
      .where('state', '=', 'waiting')
      .execute()
    await practice.engine.workLink(link?.id as string)
    expect((await links()).find((one) => one.id === link?.id)).toMatchObject({ state: 'parked', reason: 'resembles-existing' })
    expect(practice.twin.counters.created).toBe(before)
  })
})

test('an episode that bears a case id of the partner is never created there', async () => {
  const before = practice.twin.counters.created
  const bundle = caseBundle(known())
  const episode = bundle.entry?.[2]?.resource as EpisodeOfCare
  episode.identifier = [{ system: sid('case'), value: 'SPRY_CASE_000000000000000000000001' }]
  await post(bundle)
  await practice.round()
  expect(practice.twin.counters.created).toBe(before)
})
