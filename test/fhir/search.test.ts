import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes'
import { beforeAll, expect, test } from 'vitest'
import { testServer } from '../http/support/test-server.ts'
import { condition, patient, sid } from './support/resources.ts'

const { base, medplum } = await testServer()
const ids = new Map<string, string>()

beforeAll(async () => {
  await save(
    'eliza',
    patient('eliza', {
      name: [{ family: 'Türner', given: ['Eliza', 'Jane'] }],
      gender: 'female',
      birthDate: '1980-05',
      active: true
    })
  )
  await save(
    'zoe',
    patient('zoe', { name: [{ text: 'Zoe O%Neil' }], birthDate: '1990-01-31', meta: { tag: [{ system: 'urn:t', code: 'vip' }] } })
  )
  await save('visit', {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: `Patient/${ids.get('eliza')}` },
    period: { start: '2026-03-01T10:00:00Z' }
  })
  await save('pads', {
    ...condition('pads', `Patient/${ids.get('eliza')}`),
    meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-encounter-diagnosis'] },
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'encounter-diagnosis' }] }],
    encounter: { reference: `Encounter/${ids.get('visit')}` },
    onsetDateTime: '2026-03',
    recordedDate: '2026-03-02T10:00:00+02:00'
  })
  await save('other', {
    ...condition('other', `Patient/${ids.get('zoe')}`),
    identifier: [{ value: 'no-system' }, { system: `${sid}/b`, value: 'a,b|c' }],
    clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'resolved' }] },
    code: { coding: [{ code: 'X1' }] },
    onsetPeriod: { start: '2025-01-01', end: '2025-12-31' }
  })
  await save('proof', {
    resourceType: 'Provenance',
    target: [{ reference: `Condition/${ids.get('pads')}/_history/1` }],
    recorded: '2026-03-02T10:00:00Z',
    agent: [{ who: { identifier: { system: `${sid}/user`, value: '7' } } }]
  })
})

test.each([
  // identifier
  [`Condition?identifier=${sid}/condition|pads`, ['pads']],
  ['Condition?identifier=pads', ['pads']],
  [`Condition?identifier=${sid}/condition|`, ['pads']],
  ['Condition?identifier=|no-system', ['other']],
  ['Condition?identifier=|pads', []],
  [`Condition?identifier=${sid}/b|a\\,b\\|c`, ['other']],
  ['Condition?identifier=pads,no-system', ['pads', 'other']],
  ['Condition?identifier=pads&identifier=no-system', []],
  ['Condition?identifier:not=pads', ['other']],
  // tokens
  ['Condition?code=M72.1', ['pads']],
  ['Condition?code=http://hl7.org/fhir/sid/icd-10-cm|M72.1', ['pads']],
  ['Condition?code=http://hl7.org/fhir/sid/icd-10-cm|', ['pads']],
  ['Condition?code=|X1', ['other']],
  ['Condition?code=|M72.1', []],
  ['Condition?code:not=M72.1', ['other']],
  ['Condition?clinical-status=active', ['pads']],
  ['Condition?clinical-status=active,resolved', ['pads', 'other']],
  ['Condition?category=encounter-diagnosis', ['pads']],
  ['Condition?category:missing=true', ['other']],
  ['Condition?category:missing=false', ['pads']],
  ['Encounter?status=finished&class=AMB', ['visit']],
  ['Patient?active=true', ['eliza']],
  ['Patient?_tag=urn:t|vip', ['zoe']],
  ['Patient?_tag=vip', ['zoe']],
  ['Condition?_profile=http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-encounter-diagnosis', ['pads']],
  // references
  ['Condition?patient=Patient/:eliza', ['pads']],
  ['Condition?patient=:eliza', ['pads']],
  ['Condition?subject=Patient/:eliza,Patient/:zoe', ['pads', 'other']],
  ['Condition?subject:Patient=:zoe', ['other']],
  ['Condition?encounter=:visit', ['pads']],
  ['Condition?encounter:missing=true', ['other']],
  ['Provenance?target=Condition/:pads', ['proof']],
  [`Provenance?agent:identifier=${sid}/user|7`, ['proof']],
  // chains
  [`Condition?patient.identifier=${sid}/patient|eliza`, ['pads']],
  ['Condition?subject:Patient.family=turner', ['pads']],
  ['Condition?encounter.patient.identifier=eliza', ['pads']],
  ['Condition?patient.identifier=nobody', []],
  // dates
  ['Condition?onset-date=2026-03', ['pads']],
  ['Condition?onset-date=2026', ['pads']],
  ['Condition?onset-date=2026-03-15', []],
  ['Condition?onset-date=ap2026-03-15', ['pads']],
  ['Condition?onset-date=ge2026-03-15', ['pads']],
  ['Condition?onset-date=lt2026', ['other']],
  ['Condition?onset-date=gt2025-06', ['pads', 'other']],
  ['Condition?onset-date=sa2025-12-31', ['pads']],
  ['Condition?onset-date=eb2026-03-01', ['other']],
  ['Condition?onset-date=ne2026-03', ['other']],
  ['Condition?onset-date=ge2025-01-01&onset-date=le2025-12-31', ['other']],
  ['Condition?recorded-date=2026-03-02T08:00:00Z', ['pads']],
  ['Condition?recorded-date=2026-03-02T10:00:00+02:00', ['pads']],
  ['Condition?recorded-date:missing=true', ['other']],
  ['Encounter?date=gt2030', ['visit']],
  ['Patient?birthdate=1980-05', ['eliza']],
  ['Patient?birthdate=le1985', ['eliza']],
  // strings
  ['Patient?family=turn', ['eliza']],
  ['Patient?family=TÜRNER', ['eliza']],
  ['Patient?given=jane', ['eliza']],
  ['Patient?name=zoe', ['zoe']],
  ['Patient?name=o%25n', []],
  ['Patient?name:contains=o%25n', ['zoe']],
  ['Patient?name=%25', []],
  // control
  ['Patient?_id=:eliza,:zoe', ['eliza', 'zoe']],
  ['Patient?_id=not-an-id', []],
  ['Patient?_lastUpdated=gt2020', ['eliza', 'zoe']],
  ['Patient?_lastUpdated=lt2020-01-01T00:00:00Z', []]
])('%s finds %j', async (query, expected) => {
  const bundle = await find(query)
  expect(names(bundle).sort()).toEqual([...expected].sort())
})

test.each([
  ['_sort=onset-date', ['other', 'pads']],
  ['_sort=-onset-date', ['pads', 'other']],
  ['_sort=recorded-date', ['pads', 'other']],
  ['_sort=-_lastUpdated', ['other', 'pads']],
  ['_sort=_lastUpdated,-_id', ['pads', 'other']]
])('%s puts the conditions into that order, and pages keep it', async (sort, expected) => {
  expect(names(await find(`Condition?${sort}`))).toEqual(expected)
  const first = await find(`Condition?${sort}&_count=1`)
  const next = first.link?.find(({ relation }) => relation === 'next')?.url ?? ''
  const second = (await (await fetch(next)).json()) as Bundle
  expect([...names(first), ...names(second)]).toEqual(expected)
  expect(second.link?.some(({ relation }) => relation === 'next')).toBe(false)
})

test('included resources come once, marked as such', async () => {
  const bundle = await find(
    'Condition?identifier=pads&_include=Condition:subject&_include=Condition:encounter&_revinclude=Provenance:target'
  )
  expect(bundle.entry?.map((entry) => [nameOf(entry.resource), entry.search?.mode])).toEqual([
    ['pads', 'match'],
    ['eliza', 'include'],
    ['visit', 'include'],
    ['proof', 'include']
  ])
  expect(names(await find('Condition?identifier=pads&_include=Condition:subject:Group'))).toEqual(['pads'])
})

test('_total=accurate counts, _summary=count only counts', async () => {
  expect((await find('Condition?_count=1&_total=accurate')).total).toBe(2)
  expect((await find('Condition?_count=1')).total).toBeUndefined()
  const counted = await find('Condition?_summary=count')
  expect([counted.total, counted.entry]).toEqual([2, undefined])
})

test('_elements leaves the rest out and marks the resource as incomplete', async () => {
  const resource = (await find('Condition?identifier=pads&_elements=code')).entry?.[0]?.resource as Resource
  expect(Object.keys(resource).sort()).toEqual(['code', 'id', 'meta', 'resourceType'])
  expect(resource.meta?.tag?.[0]?.code).toBe('SUBSETTED')
})

test('paging is not disturbed by what is written meanwhile', async () => {
  for (let n = 0; n < 6; n++) await medplum.createResource({ resourceType: 'Location', name: `room ${n}`, status: 'active' })
  const all = names(await find('Location'), (resource) => resource.id)
  const seen: (string | undefined)[] = []
  let bundle = await find('Location?_count=2')
  for (;;) {
    seen.push(...names(bundle, (resource) => resource.id))
    await medplum.patchResource('Location', all[0] ?? '', [{ op: 'add', path: '/description', value: `after ${seen.length}` }])
    const next = bundle.link?.find(({ relation }) => relation === 'next')?.url
    if (!next) break
    bundle = (await (await fetch(next)).json()) as Bundle
  }
  expect(seen).toEqual(all)
})

test('an unknown parameter is reported, and refused under strict handling', async () => {
  const lenient = await find('Condition?color=red&code=M72.1')
  expect(names(lenient)).toEqual(['pads'])
  const outcome = lenient.entry?.find((entry) => entry.search?.mode === 'outcome')?.resource as OperationOutcome
  expect(outcome.issue[0]?.severity).toBe('warning')
  expect(lenient.link?.[0]?.url).toBe(`${base}/Condition?code=M72.1`)
  expect((await fetch(`${base}/Condition?color=red`, { headers: { prefer: 'handling=strict' } })).status).toBe(400)
})

test.each([
  "' OR 1=1 --",
  '"; DROP TABLE resource; --',
  "a'||pg_sleep(5)||'",
  '\\',
  '%',
  '\u0000',
  '|',
  '$',
  '{}',
  '{"a"',
  'x'.repeat(5000)
])('the text %j is only a value, for every parameter', async (text) => {
  for (const name of [
    'identifier',
    'code',
    'subject',
    'onset-date',
    '_id',
    '_lastUpdated',
    '_profile',
    '_tag',
    'patient.family',
    '_sort',
    '_cursor',
    '_elements',
    '_include'
  ]) {
    const response = await fetch(`${base}/Condition?${name}=${encodeURIComponent(text)}`)
    expect([name, response.status < 500]).toEqual([name, true])
  }
  expect(names(await find('Condition'))).toHaveLength(2)
})

async function save(name: string, resource: Resource): Promise<void> {
  ids.set(name, (await medplum.createResource(resource)).id as string)
}

async function find(query: string): Promise<Bundle> {
  const url = `${base}/${query.replace(/:(eliza|zoe|visit|pads)\b/g, (_, name: string) => ids.get(name) ?? '')}`
  const response = await fetch(url.replaceAll('+', '%2B'))
  const body = (await response.json()) as Bundle
  expect([response.status, response.status === 200 ? undefined : body]).toEqual([200, undefined])
  return body
}

function names(bundle: Bundle, name: (resource: Resource) => string | undefined = nameOf): (string | undefined)[] {
  return (bundle.entry ?? []).filter((entry) => entry.search?.mode === 'match').map((entry) => name(entry.resource as Resource))
}

function nameOf(resource: Resource | undefined): string | undefined {
  return [...ids].find(([, id]) => id === resource?.id)?.[0]
}
