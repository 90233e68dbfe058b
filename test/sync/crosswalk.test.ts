/** Who a partner's patients and physicians are in the hub: said by people and EHRs, never guessed. */
import type { Condition, EpisodeOfCare, Patient, Practitioner, Resource } from '@medplum/fhirtypes'
import { beforeAll, describe, expect, test } from 'vitest'
import { bind } from '#mapping'
import { newId } from '../../src/adapters/new-id.ts'
import { type Identity, identitiesOf } from '../../src/sync/crosswalk/identity.ts'
import { type Assertion, importIdentities, linkAlone } from '../../src/sync/crosswalk/link-identity.ts'
import { type ListedIdentity, listIdentities } from '../../src/sync/crosswalk/list-identities.ts'
import { unlinkIdentity } from '../../src/sync/crosswalk/unlink-identity.ts'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 60 })
  await practice.round()
})

const sid = (kind: string) => `https://fhir.example.org/sid/spry/${kind}`
const mrn = 'urn:oid:1.2.3.4'
const cases = () => practice.twin.store.list({ page: 0, size: 100 }).cases as Record<string, unknown>[]
/** A patient of the twin whom no other test uses. */
const used = new Set<unknown>()
function somePatient(): { partnerId: string; key: string } {
  const found = cases().find((one) => !used.has(one.patient_id)) as { patient_id: number; spry_case_id: string }
  used.add(found.patient_id)
  return { partnerId: String(found.patient_id), key: found.spry_case_id }
}
const deciding = () => ({ now: practice.clock.now(), actor: 'a tester' })
const link = (partnerId: string, reference: string, kind: Assertion['kind'] = 'patient') =>
  linkAlone(practice.store, { connection: 'spry', kind, partnerId, reference }, deciding())
const read = <T extends Resource>(reference: string) =>
  practice.hub.readReference({ reference } as never) as unknown as Promise<T & { id: string }>
const bearers = async (type: 'Patient' | 'Practitioner', kind: string, value: string) =>
  (
    (
      await practice.hub.search({
        resourceType: type,
        filters: [{ code: 'identifier', operator: 'eq', value: `${sid(kind)}|${value}` }]
      } as never)
    ).entry ?? []
  ).map((entry) => entry.resource as (Patient | Practitioner) & { id: string })
const stubOf = async (partnerId: string) => (await bearers('Patient', 'patient', partnerId))[0] as Patient & { id: string }
const newPatient = (family: string, more: Partial<Patient> = {}) =>
  practice.hub.createResource<Patient>({ resourceType: 'Patient', name: [{ family }], ...more })
const episodeOf = (key: string) => theOne<EpisodeOfCare>(practice.hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`)
const problemOf = (key: string) => theOne<Condition>(practice.hub, `Condition?identifier=${sid('case-problem')}|${key}`)
const caseLink = (key: string) =>
  db.selectFrom('link').selectAll().where('entity', '=', 'case').where('partner_key', '=', key).executeTakeFirstOrThrow()
const audit = (action: string) => db.selectFrom('audit').selectAll().where('action', '=', action).execute()

/** What the twin was told so far. */
const writes = () => [practice.twin.counters.created, practice.twin.counters.updated]

/** Nothing is written on either side by two further rounds. */
async function expectRest(): Promise<void> {
  const state = async () => [
    writes(),
    (
      await db
        .selectFrom('resource')
        .select(({ fn }) => fn.sum<string>('version').as('sum'))
        .executeTakeFirst()
    )?.sum
  ]
  await practice.round({ full: true })
  const before = structuredClone(await state())
  for (let n = 0; n < 2; n++) {
    const { runs, worked } = await practice.round({ full: true })
    for (const run of runs) expect(run.books).toMatchObject({ applied: 0, merged: 0, conflicted: 0, echo: 0 })
    expect(worked.links).toBe(0)
  }
  expect(await state()).toEqual(before)
}

/** Nothing current in the hub, and no place of the ledger, refers to this resource any more. */
async function expectForgotten(reference: string, except: readonly string[] = []): Promise<void> {
  const rows = await db.selectFrom('resource').select(['resource_type', 'id']).where('deleted', '=', false).execute()
  const all = await practice.store.hub.readResources(rows.map((row) => ({ resourceType: row.resource_type, id: row.id })))
  const referring = [...all]
    .filter(([name, resource]) => name !== reference && JSON.stringify(resource).includes(`"${reference}"`))
    .map(([name]) => name)
  expect(referring).toEqual(except)
  expect(
    await db
      .selectFrom('link_resource')
      .selectAll()
      .where('resource_id', '=', reference.split('/')[1] as string)
      .execute()
  ).toEqual([])
}

describe('linking a patient', () => {
  test('merges the stub that the engine made, rewrites every reference, and writes nothing afterwards', async () => {
    const { partnerId, key } = somePatient()
    const stub = await stubOf(partnerId)
    const patient = await newPatient('Adler', { identifier: [{ system: mrn, value: 'A-1' }] })
    const relatedElsewhere = await practice.hub.createResource({
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      for: { reference: `Patient/${stub.id}` }
    })
    const uncovered = await practice.hub.createResource({
      resourceType: 'Coverage',
      status: 'active',
      beneficiary: { reference: `Patient/${patient.id}` },
      payor: [{ display: 'x' }],
      policyHolder: { reference: `Patient/${stub.id}` }
    })
    const effects = writes()
    const result = await link(partnerId, `Patient/${patient.id}`)
    expect(result).toMatchObject({ outcome: 'linked', reference: `Patient/${patient.id}`, merged: [`Patient/${stub.id}`] })

    expect(await bearers('Patient', 'patient', partnerId)).toMatchObject([
      { id: patient.id, name: [{ family: 'Adler' }], identifier: [{ system: mrn }, { system: sid('patient'), value: partnerId }] }
    ])
    expect(await read<Patient>(`Patient/${stub.id}`)).toMatchObject({
      active: false,
      link: [{ other: { reference: `Patient/${patient.id}` }, type: 'replaced-by' }]
    })
    expect((await read<Patient>(`Patient/${stub.id}`)).identifier).toBeUndefined()
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${patient.id}`)
    expect((await problemOf(key)).subject.reference).toBe(`Patient/${patient.id}`)
    expect(await read(`Task/${relatedElsewhere.id}`)).toMatchObject({ for: { reference: `Patient/${patient.id}` } })
    expect(await read(`Coverage/${uncovered.id}`)).toMatchObject({ policyHolder: { reference: `Patient/${patient.id}` } })
    await expectForgotten(`Patient/${stub.id}`)
    const claim = await db
      .selectFrom('conditional_claim')
      .select('id')
      .where('criteria', '=', `Patient?identifier=${sid('patient')}|${partnerId}`)
      .execute()
    expect(claim).toEqual([{ id: patient.id }])
    expect(await audit('identity merged')).toContainEqual(
      expect.objectContaining({
        actor: 'a tester',
        detail: expect.objectContaining({ from: `Patient/${stub.id}`, into: `Patient/${patient.id}` })
      })
    )
    await expectRest()
    expect(writes()).toEqual(effects)
  })

  test('says so when it is linked already', async () => {
    const { partnerId } = somePatient()
    const patient = await newPatient('Berg', { identifier: [{ system: mrn, value: 'B-1' }] })
    await link(partnerId, `${mrn}|B-1`)
    const before = await read(`Patient/${patient.id}`)
    expect(await link(partnerId, `Patient/${patient.id}`)).toEqual({
      outcome: 'already-linked',
      reference: `Patient/${patient.id}`
    })
    expect(await read(`Patient/${patient.id}`)).toEqual(before)
  })

  test('before the partner has shown any record of them makes no stub later', async () => {
    const patient = await newPatient('Celik')
    await link('880001', `Patient/${patient.id}`)
    const body = JSON.stringify({ patient_id: 880001, case_title: 'Knee', specialization: 'MSK' })
    await fetch(`${practice.twin.url}/twin/cases`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    await practice.round()
    expect((await bearers('Patient', 'patient', '880001')).map(({ id }) => id)).toEqual([patient.id])
    const key = cases().find((one) => one.patient_id === 880001)?.spry_case_id as string
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${patient.id}`)
  })

  test('is refused when a resource with content bears the id', async () => {
    const { partnerId } = somePatient()
    const [first, second] = [await newPatient('Dorn'), await newPatient('Ende')]
    await link(partnerId, `Patient/${first.id}`)
    const refused = await link(partnerId, `Patient/${second.id}`)
    expect(refused).toMatchObject({
      outcome: 'conflict',
      message: expect.stringContaining(`Patient/${first.id} bears this id already`)
    })
    expect((await bearers('Patient', 'patient', partnerId)).map(({ id }) => id)).toEqual([first.id])
  })

  test('is refused when an EHR has written into the stub', async () => {
    const { partnerId } = somePatient()
    const stub = await stubOf(partnerId)
    await practice.hub.updateResource({ ...stub, birthDate: '1980-01-01' })
    const patient = await newPatient('Fink')
    expect(await link(partnerId, `Patient/${patient.id}`)).toMatchObject({ outcome: 'conflict' })
    expect(
      (await episodeOf(cases().find((one) => String(one.patient_id) === partnerId)?.spry_case_id as string)).patient.reference
    ).toBe(`Patient/${stub.id}`)
  })

  test('lets two ids of the partner mean one person without a difference to either case', async () => {
    const [one, other] = [somePatient(), somePatient()]
    const patient = await newPatient('Gold')
    await link(one.partnerId, `Patient/${patient.id}`)
    await link(other.partnerId, `Patient/${patient.id}`)
    for (const { key } of [one, other]) {
      await fetch(`${practice.twin.url}/twin/cases/${key}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ body_pain_notes: 'Both' })
      })
    }
    await practice.round({ full: true })
    for (const { key, partnerId } of [one, other]) {
      expect(String(cases().find((each) => each.spry_case_id === key)?.patient_id)).toBe(partnerId)
      expect((await problemOf(key)).note?.[0]?.text).toBe('Both')
    }
    expect(await practice.store.ledger.allOpenConflicts()).toEqual([])
    await expectRest()
  })
})

describe('an import', () => {
  test('gives each row its own result', async () => {
    const [one, two, three] = [somePatient(), somePatient(), somePatient()]
    const patient = await newPatient('Hahn', { identifier: [{ system: mrn, value: 'H-1' }] })
    await newPatient('Twice', { identifier: [{ system: mrn, value: 'T-1' }] })
    await newPatient('Twice', { identifier: [{ system: mrn, value: 'T-1' }] })
    const rows = [
      [one.partnerId, `${mrn}|H-1`],
      [one.partnerId, `Patient/${patient.id}`],
      [two.partnerId, `Patient/${newId()}`],
      [two.partnerId, `${mrn}|nobody`],
      [two.partnerId, `${mrn}|T-1`],
      [one.partnerId, `Patient/${(await stubOf(three.partnerId)).id}`]
    ].map(([partnerId = '', reference = '']) => ({ connection: 'spry', kind: 'patient' as const, partnerId, reference }))
    const results = await importIdentities(practice.store, rows, deciding())
    expect(results.map(({ outcome }) => outcome)).toEqual([
      'linked',
      'already-linked',
      'no-such-resource',
      'no-such-resource',
      'ambiguous-identifier',
      'conflict'
    ])
    const listed = await listIdentities(practice.store, 'spry')
    expect(listed).toContainEqual({
      connection: 'spry',
      kind: 'patient',
      partnerId: one.partnerId,
      reference: `Patient/${patient.id}`,
      isStub: false,
      origin: 'person',
      by: 'a tester'
    })
    expect(listed.find(({ partnerId }) => partnerId === two.partnerId)).toMatchObject({ isStub: true, origin: 'engine' })
  })
})

describe('unlinking', () => {
  test('gives what came from the partner back to a stub, and leaves what the EHR wrote', async () => {
    const { partnerId, key } = somePatient()
    const patient = await newPatient('Igel')
    await link(partnerId, `Patient/${patient.id}`)
    const own = await practice.hub.createResource<Condition>({
      resourceType: 'Condition',
      subject: { reference: `Patient/${patient.id}` },
      code: { text: 'Theirs' }
    })
    const identity: Identity = { connection: 'spry', kind: 'patient', partnerId }
    const boundOf = ({ entity }: { entity: string }) => {
      const found = practice.connection.entities.find(({ name }) => name === entity)
      return found && bind(found, { connection: 'spry', serviceTimeZone: 'UTC' })
    }
    const unlinking = { ...deciding(), newId, partnerOf: () => 'spry', boundOf }
    const result = await practice.store.transaction((tx) => unlinkIdentity(tx, identity, unlinking))
    expect(result.outcome).toBe('unlinked')
    const stub = await stubOf(partnerId)
    expect(stub.id).not.toBe(patient.id)
    expect(identitiesOf(await read(`Patient/${patient.id}`))).toEqual([])
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${stub.id}`)
    expect((await read<Condition>(`Condition/${own.id}`)).subject.reference).toBe(`Patient/${patient.id}`)
    await expectRest()
    expect((await practice.store.transaction((tx) => unlinkIdentity(tx, identity, unlinking))).outcome).toBe('not-linked')
  })
})

describe('an EHR that adds the identifier', () => {
  test('merges the stub by the next round, and waiting work goes on', async () => {
    const { partnerId, key } = somePatient()
    const stub = await stubOf(partnerId)
    const patient = await newPatient('Jahn')
    await practice.hub.updateResource({ ...patient, identifier: [{ system: sid('patient'), value: partnerId }] })
    await practice.round()
    expect((await bearers('Patient', 'patient', partnerId)).map(({ id }) => id)).toEqual([patient.id])
    expect(await read<Patient>(`Patient/${stub.id}`)).toMatchObject({ active: false })
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${patient.id}`)
    await expectForgotten(`Patient/${stub.id}`)
    await expectRest()
    expect((await listIdentities(practice.store)).find((one) => one.partnerId === partnerId)).toMatchObject({
      isStub: false,
      origin: 'fhir'
    })
  })

  test('to two patients leaves what needs it parked until one of them lets go, and guesses nothing', async () => {
    const { partnerId, key } = somePatient()
    const stub = await stubOf(partnerId)
    const identifier = [{ system: sid('patient'), value: partnerId }]
    const [one, other] = [await newPatient('Kern', { identifier }), await newPatient('Lang', { identifier })]
    await practice.round()
    expect((await bearers('Patient', 'patient', partnerId)).map(({ id }) => id).sort()).toEqual(
      [one.id, other.id, stub.id].sort()
    )
    expect(await caseLink(key)).toMatchObject({ state: 'parked', reason: 'ambiguous' })
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${stub.id}`)
    const { identifier: _, ...rest } = other
    await practice.hub.updateResource(rest)
    await practice.round()
    expect(await caseLink(key)).toMatchObject({ state: 'active', reason: null })
    expect((await episodeOf(key)).patient.reference).toBe(`Patient/${one.id}`)
    await expectForgotten(`Patient/${stub.id}`)
    await expectRest()
  })
})

describe('a referring physician', () => {
  test("is an EHR's Practitioner once somebody says so: nothing of it is overwritten, and what differs waits", async () => {
    const physician = cases()
      .map((one) => one.referring_physician_details as Record<string, unknown> | null)
      .find((one) => one?.ref_physician_id)
    const partnerId = String(physician?.ref_physician_id)
    const [ours] = await bearers('Practitioner', 'referring-physician', partnerId)
    const theirs = await practice.hub.createResource<Practitioner>({
      resourceType: 'Practitioner',
      name: [{ family: 'Otherwise', given: ['Ann'] }]
    })
    expect(await link(partnerId, `Practitioner/${theirs.id}`, 'practitioner')).toMatchObject({
      outcome: 'linked',
      merged: [`Practitioner/${ours?.id}`]
    })
    expect(await read(`Practitioner/${ours?.id}`)).toMatchObject({
      active: false,
      extension: [{ url: expect.stringContaining('replaced-by'), valueReference: { reference: `Practitioner/${theirs.id}` } }]
    })
    await expectForgotten(`Practitioner/${ours?.id}`)
    await practice.round()
    expect(await read<Practitioner>(`Practitioner/${theirs.id}`)).toMatchObject({ name: [{ family: 'Otherwise' }] })
    const rows = (await practice.store.ledger.allOpenConflicts()).map(({ row }) => row)
    expect(rows.some((row) => row.includes('name'))).toBe(true)
    const [place] = await db
      .selectFrom('link_resource')
      .selectAll()
      .where('resource_id', '=', theirs.id as string)
      .where('ownership', '=', 'owned')
      .execute()
    expect(place).toBeDefined()
    await expectRest()
  })

  test('without a kind that says which of two id spaces is meant is not guessed', async () => {
    const theirs = await practice.hub.createResource<Practitioner>({ resourceType: 'Practitioner', name: [{ family: 'Nobody' }] })
    expect(await link('99999999', `Practitioner/${theirs.id}`, 'practitioner')).toMatchObject({ outcome: 'ambiguous-identifier' })
    expect(await link('99999999', `Practitioner/${theirs.id}`, 'user')).toMatchObject({ outcome: 'linked' })
  })

  test('whose id an EHR puts on its own Practitioner is that one by the next round', async () => {
    const known = new Set((await practice.store.ledger.auditOfAction('identity linked')).map(({ detail }) => detail.resource))
    const listed = await listIdentities(practice.store, 'spry')
    const ours = listed.find((one) => one.kind === 'referring-physician' && !known.has(one.reference)) as ListedIdentity
    const identifier = [{ system: sid('referring-physician'), value: ours.partnerId }]
    const theirs = await practice.hub.createResource<Practitioner>({
      resourceType: 'Practitioner',
      name: [{ family: 'Own' }],
      identifier
    })
    await practice.round()
    expect((await bearers('Practitioner', 'referring-physician', ours.partnerId)).map(({ id }) => id)).toEqual([theirs.id])
    expect(await read(`Practitioner/${theirs.id}`)).toMatchObject({ name: [{ family: 'Own' }] })
    expect(await read(ours.reference)).toMatchObject({ active: false })
    await expectForgotten(ours.reference)
    await expectRest()
  })
})

describe('a case that an EHR opens', () => {
  test('for a patient who is two persons at the partner waits, and is told once it is certain', async () => {
    const identifier = ['900001', '900002'].map((value) => ({ system: sid('patient'), value }))
    const patient = await newPatient('Thale', { identifier })
    const subject = { reference: `Patient/${patient.id}` }
    const complaint = await practice.hub.createResource<Condition>({
      resourceType: 'Condition',
      subject,
      code: { text: 'Two charts' }
    })
    const episode = await practice.hub.createResource<EpisodeOfCare>({
      resourceType: 'EpisodeOfCare',
      meta: { tag: [{ system: 'https://fhir.example.org/CodeSystem/sync-target', code: 'spry' }] },
      status: 'active',
      type: [{ coding: [{ system: 'https://fhir.example.org/CodeSystem/spry-specialization', code: 'MSK' }] }],
      diagnosis: [
        {
          condition: { reference: `Condition/${complaint.id}` },
          role: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/diagnosis-role', code: 'CC' }]
          }
        }
      ],
      patient: subject
    })
    const told = writes()
    await practice.round()
    const link = () =>
      db
        .selectFrom('link')
        .select(['state', 'reason'])
        .where('anchor_id', '=', episode.id as string)
        .executeTakeFirst()
    expect(await link()).toEqual({ state: 'waiting', reason: 'ambiguous' })
    expect(writes()).toEqual(told)
    await practice.hub.updateResource({ ...patient, identifier: identifier.slice(1) })
    await practice.round()
    expect(cases().filter((one) => one.case_title === 'Two charts')).toMatchObject([{ patient_id: 900002 }])
  })
})

describe('linking while a round is under way', () => {
  test('leaves nothing that refers to the stub', async () => {
    const pairs = await Promise.all(
      Array.from({ length: 8 }, async () => ({ ...somePatient(), patient: await newPatient('Under way') }))
    )
    const stubs = await Promise.all(pairs.map(async ({ partnerId }) => (await stubOf(partnerId)).id))
    const body = JSON.stringify({ icd_codes: [{ id: 4711, code: 'M54.50', revision: 'ICD10', description: 'Low back pain' }] })
    for (const { key } of pairs) {
      await fetch(`${practice.twin.url}/twin/cases/${key}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body
      })
    }
    await Promise.all([
      practice.round({ full: true }),
      ...pairs.map(({ partnerId, patient }) => link(partnerId, `Patient/${patient.id}`))
    ])
    await practice.round({ full: true })
    for (const [n, { partnerId, patient }] of pairs.entries()) {
      expect((await bearers('Patient', 'patient', partnerId)).map(({ id }) => id)).toEqual([patient.id])
      await expectForgotten(`Patient/${stubs[n]}`)
    }
    await expectRest()
  })
})
