import type { OperationOutcome, Patient } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { patient, sid } from '../fhir/support/resources.ts'
import { json, testServer } from './support/test-server.ts'

const { base, medplum, db } = await testServer()

test('of 64 conditional creates at the same time exactly one creates, in each of 20 rounds', async () => {
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 64 }, () => createUnless(`round-${round}`)))
    const statuses = answers.map(({ status }) => status)
    expect([count(statuses, 201), count(statuses, 200)]).toEqual([1, 63])
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
  }
}, 120_000)

test('conditional creates and conditional updates of the same identifier do not both create', async () => {
  const value = 'mixed'
  const update = () =>
    fetch(`${base}/Patient?identifier=${sid}/patient|${value}`, {
      method: 'PUT',
      headers: json,
      body: JSON.stringify(patient(value))
    })
  const answers = await Promise.all(Array.from({ length: 32 }, (_, n) => (n % 2 ? update() : createUnless(value))))
  expect(
    count(
      answers.map(({ status }) => status),
      201
    )
  ).toBe(1)
})

test('once the match is deleted the next conditional create creates again', async () => {
  const first = await createUnless('again')
  await medplum.deleteResource('Patient', first.id)
  const second = await createUnless('again')
  expect(second.status).toBe(201)
  expect(second.id).not.toBe(first.id)
})

test('a claim does not outlive the identifier that it was made for', async () => {
  const first = await createUnless('renamed')
  await medplum.updateResource({ ...patient('renamed-since'), id: first.id })
  expect((await createUnless('renamed')).status).toBe(201)
  const claims = await db.selectFrom('conditional_claim').selectAll().where('criteria', 'like', '%patient|renamed').execute()
  expect(claims).toHaveLength(1)
})

test('criteria that match two resources are not selective enough', async () => {
  await medplum.createResource(patient('twins'))
  await medplum.createResource(patient('twins'))
  expect((await createUnless('twins')).status).toBe(412)
})

test.each(['family=Turner', 'identifier=no-system', 'identifier=a|1,a|2', '_id=1', 'unknown=1', ''])(
  'a conditional create on "%s" is refused, since nobody could keep it unique',
  async (criteria) => {
    const response = await fetch(`${base}/Patient`, {
      method: 'POST',
      headers: { ...json, 'if-none-exist': criteria },
      body: JSON.stringify(patient('refused'))
    })
    expect(response.status).toBe(400)
    expect(((await response.json()) as OperationOutcome).resourceType).toBe('OperationOutcome')
  }
)

test('a tag is a key too', async () => {
  const tag = [{ system: 'https://fhir.example.org/CodeSystem/provenance-key', code: 'spry/soap-context/1/completion' }]
  const body = JSON.stringify({ ...patient('tagged'), meta: { tag } })
  const headers = { ...json, 'if-none-exist': `_tag=${tag[0]?.system}|${tag[0]?.code}` }
  const statuses = []
  for (let n = 0; n < 2; n++) statuses.push((await fetch(`${base}/Patient`, { method: 'POST', headers, body })).status)
  expect(statuses).toEqual([201, 200])
})

test('conditional delete and patch work on the only match', async () => {
  await createUnless('only')
  const url = `${base}/Patient?identifier=${sid}/patient|only`
  const patched = await fetch(url, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json-patch+json' },
    body: JSON.stringify([{ op: 'add', path: '/active', value: true }])
  })
  expect([patched.status, patched.headers.get('etag')]).toEqual([200, 'W/"2"'])
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
})

async function createUnless(value: string): Promise<{ status: number; id: string }> {
  const response = await fetch(`${base}/Patient`, {
    method: 'POST',
    headers: { ...json, 'if-none-exist': `identifier=${sid}/patient|${value}` },
    body: JSON.stringify(patient(value))
  })
  return { status: response.status, id: ((await response.json()) as Patient).id ?? '' }
}

function count(list: readonly number[], wanted: number): number {
  return list.filter((one) => one === wanted).length
}
