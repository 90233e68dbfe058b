/** Records that were in both systems before the first round are linked: nothing is created twice, nothing is overwritten. */
import type { Bundle, Condition, EpisodeOfCare, Patient, Practitioner, Resource } from '@medplum/fhirtypes'
import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { bind, toBundle, toFhir } from '#mapping'
import { fullAccess } from '../../src/fhir/access.ts'
import { runTransaction } from '../../src/fhir/transaction.ts'
import { linkAlone } from '../../src/sync/crosswalk/link-identity.ts'
import { onboardingOf, type WouldWrite } from '../../src/sync/would-write.ts'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
const sid = (kind: string) => `https://fhir.example.org/sid/spry/${kind}`
const documented = 'SPRY_CASE_69cd0c97e7562d613ea89bc7'
const record = (key = documented) => practice.twin.store.get(key) as Record<string, unknown>
const writes = () => [practice.twin.counters.created, practice.twin.counters.updated]

/** What an EHR had of a case before: the same resources with the partner's identifiers, in its own words, and not made by us. */
function asTheEhrHadIt(key: string, edit: (resource: Resource) => void): Bundle {
  const spryCase = practice.connection.entities.find(({ name }) => name === 'case')
  if (!spryCase) throw new Error('no mapping of cases')
  const bundle = toBundle(
    toFhir(bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' }), record(key), { deep: true }).pieces
  )
  for (const { resource } of bundle.entry ?? []) {
    if (!resource) continue
    delete resource.meta
    edit(resource)
  }
  return bundle
}

const put = (bundle: Bundle) =>
  runTransaction(practice.hub, bundle, { access: fullAccess, handling: 'strict', withResources: true })
const problem = () => theOne<Condition>(practice.hub, `Condition?identifier=${sid('case-problem')}|${documented}`)

/** Everything that a dry run must leave as it is. */
async function wholeDatabase(): Promise<unknown> {
  const { rows: tables } = await sql<{
    name: string
  }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`.execute(db)
  const contents: Record<string, unknown> = {}
  for (const { name } of tables)
    contents[name] = (await sql`SELECT md5(t::text) FROM ${sql.table(name)} t ORDER BY 1`.execute(db)).rows
  return contents
}

const entitiesOf = (list: readonly WouldWrite[], hub: WouldWrite['hub']) =>
  list.filter((one) => one.hub === hub).map(({ entity, partnerKey }) => `${entity} ${partnerKey}`)

let told: number[]
let ehrs: { patient: string; physician: string; ids: string[] }
let ambiguousPatient: string

beforeAll(async () => {
  practice = await openPractice(db, { cases: 8 })
  const body = JSON.stringify({ date_of_injury: '2026-01-02' })
  await fetch(`${practice.twin.url}/twin/cases/${documented}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body
  })
  told = writes()
  const answer = await put(
    asTheEhrHadIt(documented, (resource) => {
      if (resource.resourceType === 'Patient') Object.assign(resource, { name: [{ family: 'Ostrander' }], gender: 'female' })
      if (resource.resourceType === 'Condition' && resource.identifier?.[0]?.system === sid('case-problem')) {
        resource.code = { text: 'Burst fracture L1' }
        delete resource.onsetDateTime
      }
      if (resource.resourceType === 'Practitioner') resource.photo = [{ url: 'https://ehr.example.org/photo' }]
    })
  )
  const ids = (answer.entry ?? []).map((entry) => `${entry.resource?.resourceType}/${entry.resource?.id}`)
  const of = (type: string) => ids.find((id) => id.startsWith(`${type}/`)) as string
  ehrs = { patient: of('Patient'), physician: of('Practitioner'), ids }
  const known = record().patient_id
  const other = practice.twin.store.list({ page: 0, size: 20 }).cases.find((one) => one.patient_id !== known)
  ambiguousPatient = String(other?.patient_id)
  for (const family of ['Paulsen', 'Quint']) {
    await practice.hub.createResource<Patient>({
      resourceType: 'Patient',
      name: [{ family }],
      identifier: [{ system: sid('patient'), value: ambiguousPatient }]
    })
  }
})

describe('the report before the first round', () => {
  test('says what would be linked, created, and what is ambiguous, and writes nothing at all', async () => {
    const before = await wholeDatabase()
    const { runs } = await practice.round({ dryRun: true })
    expect(await wholeDatabase()).toEqual(before)
    expect(writes()).toEqual(told)
    const list = runs.flatMap((run) => run.wouldWrite)
    expect(entitiesOf(list, 'link')).toEqual(expect.arrayContaining([`case ${documented}`, `Patient ${record().patient_id}`]))
    expect(list.find((one) => one.partnerKey === documented)).toMatchObject({
      hub: 'link',
      reference: ehrs.ids.find((id) => id.startsWith('EpisodeOfCare/')),
      conflicts: ['problem.code.text'],
      rows: ['problem.onsetDateTime']
    })
    expect(list.find((one) => one.entity === 'Patient' && one.partnerKey === String(record().patient_id))?.reference).toBe(
      ehrs.patient
    )
    expect(list.find((one) => one.entity === 'referring-physician' && one.hub === 'link')?.reference).toBe(ehrs.physician)
    expect(list.filter((one) => one.entity === 'insurance-card' && one.hub === 'link').length).toBeGreaterThan(0)
    expect(entitiesOf(list, 'ambiguous')).toContain(`Patient ${ambiguousPatient}`)
    const names = list.map(({ entity, partnerKey }) => `${entity} ${partnerKey}`)
    expect(new Set(names).size).toBe(names.length)
    expect(onboardingOf(list).Patient).toMatchObject({ linked: 1, ambiguous: 1 })
  })

  test('is what the first round then does', async () => {
    const report = (await practice.round({ dryRun: true })).runs.flatMap((run) => run.wouldWrite)
    await practice.round()
    const counted = onboardingOf(report)
    const count = async (type: string) =>
      (await db.selectFrom('resource').select('id').where('resource_type', '=', type).execute()).length
    expect(await count('EpisodeOfCare')).toBe((counted.case?.linked ?? 0) + (counted.case?.created ?? 0))
    expect(await count('Practitioner')).toBe(
      (counted['referring-physician']?.linked ?? 0) + (counted['referring-physician']?.created ?? 0)
    )
    expect(await count('Coverage')).toBe((counted['insurance-card']?.linked ?? 0) + (counted['insurance-card']?.created ?? 0))
    expect(await count('Patient')).toBe((counted.Patient?.linked ?? 0) + (counted.Patient?.created ?? 0) + 2)
    const parked = await db
      .selectFrom('link')
      .select(['partner_key', 'reason'])
      .where('entity', '=', 'case')
      .where('state', '=', 'parked')
      .execute()
    expect(parked.map((one) => `case ${one.partner_key}`).sort()).toEqual(
      entitiesOf(report, 'ambiguous')
        .filter((one) => one.startsWith('case '))
        .sort()
    )
  })
})

describe('a case that was in both systems', () => {
  test('is tied to the resources of the EHR', async () => {
    const link = await db
      .selectFrom('link')
      .select('id')
      .where('partner_key', '=', documented)
      .where('entity', '=', 'case')
      .executeTakeFirstOrThrow()
    const places = await practice.store.ledger.resourcesOfLinks([link.id])
    for (const { resourceType, resourceId } of places) expect(ehrs.ids).toContain(`${resourceType}/${resourceId}`)
    const others = await db
      .selectFrom('link_resource')
      .select(['resource_type', 'resource_id'])
      .where('resource_id', '=', ehrs.physician.split('/')[1] as string)
      .execute()
    expect(others.length).toBe(1)
  })

  test('keeps what the EHR says where it differs, as a conflict of that row; what only one side says is filled in', async () => {
    expect((await problem()).code?.text).toBe('Burst fracture L1')
    expect(record().case_title).toBe('Stable Burst Fracture')
    const conflicts = (await practice.store.ledger.allOpenConflicts()).map(({ row }) => row)
    expect(conflicts).toEqual(['problem.code.text'])
    expect((await problem()).onsetDateTime).toBe('2026-01-02')
    expect(await practice.hub.readReference<Patient>({ reference: ehrs.patient } as never)).toMatchObject({
      name: [{ family: 'Ostrander' }],
      gender: 'female'
    })
    expect(await practice.hub.readReference<Practitioner>({ reference: ehrs.physician } as never)).toMatchObject({
      photo: [{ url: 'https://ehr.example.org/photo' }]
    })
    expect(writes()).toEqual(told)
  })

  test('is in step from then on: further rounds write nothing, and a dry run has nothing to say of it', async () => {
    const versions = async () =>
      (
        await db
          .selectFrom('resource')
          .select(({ fn }) => fn.sum<string>('version').as('sum'))
          .executeTakeFirst()
      )?.sum
    const before = await versions()
    for (let n = 0; n < 2; n++) await practice.round({ full: true })
    expect(await versions()).toBe(before)
    expect(writes()).toEqual(told)
    const { runs } = await practice.round({ dryRun: true, full: true })
    expect(runs.flatMap((run) => run.wouldWrite).filter((one) => one.hub !== 'ambiguous')).toEqual([])
  })

  test('an edit of the EHR then reaches the partner like any other', async () => {
    await practice.hub.updateResource({ ...(await problem()), onsetDateTime: '2026-01-15' })
    await practice.round()
    expect(record().date_of_injury).toBe('2026-01-15')
  })
})

describe('a case whose patient nobody had linked', () => {
  test('differs in its patient until somebody says who that is, and then agrees without a write', async () => {
    const key = practice.twin.store
      .list({ page: 0, size: 20 })
      .cases.map((one) => one.spry_case_id)
      .find(
        (one) =>
          one !== documented &&
          record(one).patient_id !== record().patient_id &&
          String(record(one).patient_id) !== ambiguousPatient
      ) as string
    const partnerId = String(record(key).patient_id)
    const patient = await practice.hub.createResource<Patient>({ resourceType: 'Patient', name: [{ family: 'Rask' }] })
    const episode = await theOne<EpisodeOfCare>(practice.hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`)
    await practice.hub.updateResource({ ...episode, patient: { reference: `Patient/${patient.id}` } })
    await practice.round()
    const open = async () => (await practice.store.ledger.allOpenConflicts()).map(({ row }) => row)
    expect(await open()).toContain('episode.patient')
    await linkAlone(
      practice.store,
      { connection: 'spry', kind: 'patient', partnerId, reference: `Patient/${patient.id}` },
      { now: practice.clock.now(), actor: 'a tester' }
    )
    await practice.round()
    expect(await open()).not.toContain('episode.patient')
    expect(String(record(key).patient_id)).toBe(partnerId)
  })
})
