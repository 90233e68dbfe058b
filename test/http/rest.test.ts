import type { Bundle, OperationOutcome, Patient } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { condition, patient } from '../fhir/support/resources.ts'
import { json, testServer } from './support/test-server.ts'

const { base, medplum, url } = await testServer()

test('MedplumClient creates, reads, updates, patches, searches and deletes', async () => {
  const created = await medplum.createResource(patient('rest-1', { name: [{ family: 'Turner', given: ['Eliza'] }] }))
  expect(created.meta?.versionId).toBe('1')
  expect(await medplum.readResource('Patient', created.id)).toEqual(created)

  const updated = await medplum.updateResource({ ...created, gender: 'female' }, { headers: { 'If-Match': 'W/"1"' } })
  expect(updated.meta?.versionId).toBe('2')
  await expect(medplum.updateResource({ ...created, gender: 'male' }, { headers: { 'If-Match': 'W/"1"' } })).rejects.toThrow(
    /changed/
  )

  const patched = await medplum.patchResource('Patient', created.id, [{ op: 'add', path: '/active', value: true }])
  expect(patched).toMatchObject({ active: true, gender: 'female', meta: { versionId: '3' } })

  expect((await medplum.searchResources('Patient', 'family=turn')).map((found) => found.id)).toEqual([created.id])
  const history = await medplum.readHistory('Patient', created.id)
  expect(history.entry?.map((entry) => entry.resource?.meta?.versionId)).toEqual(['3', '2', '1'])
  expect((await medplum.readVersion('Patient', created.id, '2')).gender).toBe('female')

  await medplum.deleteResource('Patient', created.id)
  expect((await fetch(`${base}/Patient/${created.id}`)).status).toBe(410)
  expect((await fetch(`${base}/Patient/${created.id}/_history/2`)).status).toBe(200)
  expect((await fetch(`${base}/Patient/${created.id}/_history/4`)).status).toBe(410)
  expect(await medplum.searchResources('Patient', 'family=turner')).toHaveLength(0)
})

test('MedplumClient creates and updates conditionally', async () => {
  const criteria = 'identifier=https://fhir.example.org/sid/test/patient|rest-2'
  const first = await medplum.createResourceIfNoneExist(patient('rest-2'), criteria)
  expect((await medplum.createResourceIfNoneExist(patient('rest-2'), criteria)).id).toBe(first.id)
  const upserted = await medplum.upsertResource(patient('rest-2', { active: true }), criteria)
  expect(upserted).toMatchObject({ id: first.id, meta: { versionId: '2' } })
  const fresh = await medplum.upsertResource(patient('rest-3'), 'identifier=https://fhir.example.org/sid/test/patient|rest-3')
  expect(fresh.meta?.versionId).toBe('1')
})

test('MedplumClient pages through a search by its links', async () => {
  const owner = await medplum.createResource(patient('rest-pages'))
  for (let n = 0; n < 7; n++) await medplum.createResource(condition(`page-${n}`, `Patient/${owner.id}`))
  const sizes: number[] = []
  const seen = new Set<string>()
  for await (const page of medplum.searchResourcePages('Condition', `patient=Patient/${owner.id}&_count=3&_sort=-_lastUpdated`)) {
    sizes.push(page.length)
    for (const one of page) seen.add(one.id)
  }
  expect(sizes).toEqual([3, 3, 1])
  expect(seen.size).toBe(7)
})

test('a create answers with ETag, Last-Modified and a versioned Location', async () => {
  const response = await post('Patient', patient('headers'))
  const { id } = (await response.json()) as Patient
  expect(response.status).toBe(201)
  expect(response.headers.get('etag')).toBe('W/"1"')
  expect(response.headers.get('location')).toBe(`${base}/Patient/${id}/_history/1`)
  expect(Date.parse(response.headers.get('last-modified') ?? '')).not.toBeNaN()
  expect(response.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8')
})

test('Prefer decides how much of the resource comes back', async () => {
  const minimal = await post('Patient', patient('prefer'), { prefer: 'return=minimal' })
  expect([minimal.status, await minimal.text()]).toEqual([201, ''])
  const outcome = await post('Patient', patient('prefer'), { prefer: 'return=OperationOutcome' })
  expect(((await outcome.json()) as OperationOutcome).resourceType).toBe('OperationOutcome')
})

test('a client that has the current version gets 304', async () => {
  const { id } = await medplum.createResource(patient('etag'))
  const response = await fetch(`${base}/Patient/${id}`, { headers: { 'if-none-match': 'W/"1"' } })
  expect(response.status).toBe(304)
})

test('an update that changes nothing makes no new version', async () => {
  const created = await medplum.createResource(condition('same', 'Patient/1'))
  const { meta: _, ...content } = created
  const response = await put(`Condition/${created.id}`, Object.fromEntries(Object.entries(content).reverse()))
  expect([response.status, response.headers.get('etag')]).toEqual([200, 'W/"1"'])
})

test('a deleted resource can be brought back by an update', async () => {
  const created = await medplum.createResource(patient('back'))
  await medplum.deleteResource('Patient', created.id)
  const response = await put(`Patient/${created.id}`, created)
  expect([response.status, response.headers.get('etag')]).toEqual([201, 'W/"3"'])
})

test('ids are given by the server', async () => {
  const id = '5f0e3d3c-0000-4000-8000-000000000000'
  expect((await put(`Patient/${id}`, { ...patient('own'), id })).status).toBe(405)
})

test('searching by POST is the same as by GET, and a bar need not be encoded', async () => {
  const { id } = await medplum.createResource(patient('by-post'))
  const query = 'identifier=https://fhir.example.org/sid/test/patient|by-post'
  const posted = await fetch(`${base}/Patient/_search`, {
    method: 'POST',
    body: query,
    headers: { 'content-type': 'application/x-www-form-urlencoded' }
  })
  const got = await fetch(`${base}/Patient?${query}`)
  for (const response of [posted, got]) {
    const bundle = (await response.json()) as Bundle
    expect(bundle.entry?.map((entry) => entry.fullUrl)).toEqual([`${base}/Patient/${id}`])
  }
})

test('a bundle may be posted to the base with and without a slash', async () => {
  for (const address of [base, `${base}/`]) {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [] })
    })
    expect(response.status).toBe(200)
  }
})

test.each([
  ['GET', 'Patient/nothing-like-that', 404],
  ['GET', 'Medication', 404],
  ['GET', '__proto__', 404],
  ['GET', 'Patient/5f0e3d3c-0000-4000-8000-000000000000', 404],
  ['POST', 'Patient/5f0e3d3c-0000-4000-8000-000000000000', 405],
  ['DELETE', '', 405],
  ['GET', 'Patient?birthdate=yesterday', 400],
  ['GET', 'Patient?_cursor=abc', 400],
  ['GET', 'Patient/%E0%A4%A', 400]
])('%s %s answers %i with an OperationOutcome', async (method, path, status) => {
  const response = await fetch(`${base}/${path}`, { method })
  expect(response.status).toBe(status)
  expect(((await response.json()) as OperationOutcome).resourceType).toBe('OperationOutcome')
})

test('XML is not spoken', async () => {
  expect((await fetch(`${base}/Patient`, { headers: { accept: 'application/fhir+xml' } })).status).toBe(406)
  expect((await fetch(`${base}/Patient?_format=xml`)).status).toBe(406)
  expect((await fetch(`${base}/Patient`, { headers: { accept: '*/*' } })).status).toBe(200)
})

test('an invalid resource is refused with the place of every mistake', async () => {
  const wrong = { ...condition('wrong', 'Practitioner/1'), onsetDateTime: '2026-02-30', note: [], stage: 'late' }
  const response = await post('Condition', wrong)
  const outcome = (await response.json()) as OperationOutcome
  expect(response.status).toBe(422)
  expect(outcome.issue.flatMap((issue) => issue.expression)).toEqual(
    expect.arrayContaining(['Condition.subject', 'Condition.onset[x]', 'Condition.note'])
  )
})

test('metadata tells what the search table holds', async () => {
  const statement = (await (await fetch(`${base}/metadata`)).json()) as {
    fhirVersion: string
    rest: { resource: { type: string; searchParam: { name: string }[] }[] }[]
  }
  expect(statement.fhirVersion).toBe('4.0.1')
  const types = statement.rest[0]?.resource ?? []
  expect(types.find(({ type }) => type === 'Condition')?.searchParam.map(({ name }) => name)).toContain('clinical-status')
  for (const { type, searchParam } of types) {
    for (const { name } of searchParam) {
      const response = await fetch(`${base}/${type}?${name}:missing=true`, { headers: { prefer: 'handling=strict' } })
      expect([name, response.status]).toEqual([name, name === '_id' || name === '_lastUpdated' ? 400 : 200])
    }
  }
})

test('health answers, and so does the place where SMART clients look', async () => {
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const smart = (await (await fetch(`${base}/.well-known/smart-configuration`)).json()) as { token_endpoint: string }
  expect(smart.token_endpoint).toBe(`${url}/oauth2/token`)
})

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${base}/${path}`, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
}

function put(path: string, body: object): Promise<Response> {
  return fetch(`${base}/${path}`, { method: 'PUT', headers: json, body: JSON.stringify(body) })
}
