import type { Bundle, BundleEntry, Composition, Condition, OperationOutcome, Resource } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { condition, patient, sid } from '../fhir/support/resources.ts'
import { json, testServer } from './support/test-server.ts'

const told: number[] = []
const { base, medplum } = await testServer({
  onWrite: async (_tx, changes) => {
    told.push(changes.length)
  }
})

test('a note with everything around it, applied twice, creates nothing twice and bumps no version', async () => {
  const first = await transact(note('n1'))
  expect(statuses(first)).toEqual(['201 Created', '201 Created', '201 Created', '201 Created', '201 Created'])
  const again = await transact(note('n1'))
  expect(statuses(again)).toEqual(['200 OK', '200 OK', '200 OK', '200 OK', '200 OK'])
  expect(locations(again)).toEqual(locations(first))
  expect(again.entry?.every((entry) => entry.response?.etag === 'W/"1"')).toBe(true)

  const composition = await read<Composition>(locations(first)[0])
  expect(composition.subject?.reference).toBe(resourceAt(locations(first)[3]))
  expect(composition.section?.[0]?.entry?.[0]?.reference).toBe(resourceAt(locations(first)[1]))
  expect(composition.text?.div).toContain(`href="${resourceAt(locations(first)[1])}"`)

  const changed = note('n1')
  Object.assign(changed.entry?.[0]?.resource ?? {}, { title: 'Another title' })
  expect((await transact(changed)).entry?.map((entry) => entry.response?.etag)).toEqual(['W/"2"', ...Array(4).fill('W/"1"')])
})

test('the writes of a transaction are told once, inside of it', async () => {
  told.length = 0
  await transact(note('told'))
  expect(told).toEqual([5])
})

test('one bad entry leaves nothing behind', async () => {
  const bundle = note('bad')
  const entry = bundle.entry as BundleEntry[]
  entry.push({
    request: { method: 'PUT', url: 'Condition/5f0e3d3c-0000-4000-8000-000000000000' },
    resource: { ...condition('x', 'Patient/1'), id: '5f0e3d3c-0000-4000-8000-000000000000' }
  })
  const response = await send(bundle)
  const outcome = (await response.json()) as OperationOutcome
  expect([response.status, outcome.issue[0]?.expression]).toEqual([405, ['Bundle.entry[5]']])
  expect(await medplum.searchResources('Composition', `identifier=${sid}/note|bad`)).toHaveLength(0)
  expect(await medplum.searchResources('Patient', `identifier=${sid}/patient|bad`)).toHaveLength(0)
})

test('an invalid resource is reported at its place in the bundle', async () => {
  const bundle = note('invalid')
  Object.assign(bundle.entry?.[1]?.resource ?? {}, { recordedDate: 'soon' })
  const outcome = (await (await send(bundle)).json()) as OperationOutcome
  expect(outcome.issue[0]?.expression).toEqual(['Bundle.entry[1].resource.recordedDate'])
})

test('a subject of the wrong type is noticed through a urn', async () => {
  const bundle = note('wrong-type')
  Object.assign(bundle.entry?.[1]?.resource ?? {}, { subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000005' } })
  expect((await send(bundle)).status).toBe(422)
})

test('conditional references find what is stored and what the bundle itself creates', async () => {
  const stored = await medplum.createResource(patient('stored'))
  const answer = await transact({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      create(condition('by-stored', `Patient?identifier=${sid}/patient|stored`)),
      create(condition('by-new', `Patient?identifier=${sid}/patient|brand-new`)),
      create(patient('brand-new'))
    ]
  })
  expect((await read<Condition>(locations(answer)[0])).subject.reference).toBe(`Patient/${stored.id}`)
  expect((await read<Condition>(locations(answer)[1])).subject.reference).toBe(resourceAt(locations(answer)[2]))
})

test('a conditional reference without a match fails the transaction', async () => {
  const response = await send({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [create(patient('lonely')), create(condition('lost', `Patient?identifier=${sid}/patient|nobody`))]
  })
  expect([response.status, ((await response.json()) as OperationOutcome).issue[0]?.expression]).toEqual([
    412,
    ['Bundle.entry[1].resource.subject.reference']
  ])
  expect(await medplum.searchResources('Patient', `identifier=${sid}/patient|lonely`)).toHaveLength(0)
})

test('deletes come first, reads last, and If-Match holds', async () => {
  const old = await medplum.createResource(patient('order', { active: true }))
  const kept = await medplum.createResource(patient('kept'))
  const answer = await transact({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { request: { method: 'GET', url: `Patient?identifier=${sid}/patient|order` } },
      {
        ...create(patient('order')),
        request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${sid}/patient|order` }
      },
      { request: { method: 'DELETE', url: `Patient/${old.id}` } },
      { resource: { ...kept, active: false }, request: { method: 'PUT', url: `Patient/${kept.id}`, ifMatch: 'W/"1"' } }
    ]
  })
  expect(statuses(answer)).toEqual(['200 OK', '201 Created', '204 No Content', '200 OK'])
  const found = (answer.entry?.[0]?.resource as Bundle | undefined)?.entry ?? []
  expect(found.map((entry) => `Patient/${entry.resource?.id}`)).toEqual([resourceAt(locations(answer)[1])])

  const stale = await send({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: { ...kept, active: true }, request: { method: 'PUT', url: `Patient/${kept.id}`, ifMatch: 'W/"1"' } }]
  })
  expect(stale.status).toBe(412)
})

test('a patch in a transaction applies to the stored version', async () => {
  const { id } = await medplum.createResource(patient('patched'))
  const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/gender', value: 'female' }])).toString('base64')
  await transact({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
        request: { method: 'PATCH', url: `Patient/${id}` }
      }
    ]
  })
  expect(await medplum.readResource('Patient', id)).toMatchObject({ gender: 'female', meta: { versionId: '2' } })
})

test('two entries that write the same resource are refused', async () => {
  const { id } = await medplum.createResource(patient('twice'))
  const put = { resource: { ...patient('twice'), id }, request: { method: 'PUT', url: `Patient/${id}` } } as const
  expect((await send({ resourceType: 'Bundle', type: 'transaction', entry: [put, put] })).status).toBe(400)
})

test('the same conditional create twice in one bundle makes one resource', async () => {
  const shared = {
    resource: patient('shared'),
    request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${sid}/patient|shared` }
  } as const
  const answer = await transact({ resourceType: 'Bundle', type: 'transaction', entry: [shared, shared] })
  expect(new Set(locations(answer)).size).toBe(1)
})

test('a thousand entries go through in one transaction', async () => {
  const entry = Array.from({ length: 1000 }, (_, n) => ({
    ...create(condition(`many-${n}`, 'urn:uuid:00000000-0000-4000-8000-00000000aaaa')),
    request: { method: 'PUT', url: `Condition?identifier=${sid}/condition|many-${n}` } as const
  }))
  const subject = { ...create(patient('many')), fullUrl: 'urn:uuid:00000000-0000-4000-8000-00000000aaaa' }
  const answer = await transact({ resourceType: 'Bundle', type: 'transaction', entry: [...entry, subject] })
  expect(answer.entry).toHaveLength(1001)
})

test('50 transactions at the same time on the same resources all end, and none is lost', async () => {
  const counter = await medplum.createResource(patient('counter'))
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      send({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            resource: { ...patient('counter'), id: counter.id, name: [{ family: `F${n}` }] },
            request: { method: 'PUT', url: `Patient/${counter.id}` }
          },
          {
            resource: patient('contended'),
            request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${sid}/patient|contended` }
          },
          create(condition(`contended-${n}`, `Patient?identifier=${sid}/patient|contended`))
        ]
      })
    )
  )
  expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200))
  expect((await medplum.readResource('Patient', counter.id)).meta?.versionId).toBe('51')
  expect(await medplum.searchResources('Patient', `identifier=${sid}/patient|contended`)).toHaveLength(1)
  const count = await medplum.search('Condition', `patient.identifier=${sid}/patient|contended&_summary=count`)
  expect(count.total).toBe(50)
}, 60_000)

test('50 transactions on different resources do not stop each other', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => send(note(`parallel-${n}`))))
  expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200))
}, 60_000)

test('a steady stream from eight clients starves none of them', async () => {
  const statuses: number[] = []
  await Promise.all(
    Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; n < 20; n++) statuses.push((await send(note(`stream-${client}-${n}`))).status)
    })
  )
  expect(statuses).toEqual(Array(160).fill(200))
}, 60_000)

test('in a batch the good entries stay', async () => {
  const answer = await transact({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      create(patient('batch')),
      { resource: { resourceType: 'Condition' } as Condition, request: { method: 'POST', url: 'Condition' } },
      { request: { method: 'GET', url: '/Patient/nobody' } }
    ]
  })
  expect(answer.type).toBe('batch-response')
  expect(statuses(answer)).toEqual(['201 Created', '422', '404'])
  expect(await medplum.searchResources('Patient', `identifier=${sid}/patient|batch`)).toHaveLength(1)
})

test('the batches that MedplumClient makes of single reads are understood', async () => {
  const { id } = await medplum.createResource(patient('auto'))
  const answer = await medplum.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'GET', url: `/Patient/${id}` } }]
  })
  expect(answer.entry?.[0]?.resource?.id).toBe(id)
})

/** A Composition with its Condition, Encounter, Patient and Practitioner, in an order that refers forward. */
function note(key: string): Bundle {
  const urn = (n: number) => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`
  const shared = (type: string, value: string) =>
    ({ method: 'POST', url: type, ifNoneExist: `identifier=${sid}/${type.toLowerCase()}|${value}` }) as const
  const own = (type: string, system: string) => ({ method: 'PUT', url: `${type}?identifier=${sid}/${system}|${key}` }) as const
  const composition: Composition = {
    resourceType: 'Composition',
    identifier: { system: `${sid}/note`, value: key },
    status: 'final',
    type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
    subject: { reference: urn(4) },
    encounter: { reference: urn(3) },
    date: '2026-03-01T10:00:00Z',
    author: [{ reference: urn(5) }],
    title: 'Progress note',
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn(2)}">Problem</a></div>` },
    section: [{ title: 'Assessment', entry: [{ reference: urn(2) }] }]
  }
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl: urn(1), resource: composition, request: own('Composition', 'note') },
      { fullUrl: urn(2), resource: condition(key, urn(4)), request: own('Condition', 'condition') },
      {
        fullUrl: urn(3),
        resource: {
          resourceType: 'Encounter',
          identifier: [{ system: `${sid}/encounter`, value: key }],
          status: 'finished',
          class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
          subject: { reference: urn(4) }
        },
        request: own('Encounter', 'encounter')
      },
      { fullUrl: urn(4), resource: patient(key), request: shared('Patient', key) },
      {
        fullUrl: urn(5),
        resource: { resourceType: 'Practitioner', identifier: [{ system: `${sid}/practitioner`, value: key }] },
        request: shared('Practitioner', key)
      }
    ]
  }
}

function create(resource: Resource): BundleEntry {
  return { resource, request: { method: 'POST', url: resource.resourceType } }
}

function send(bundle: Bundle): Promise<Response> {
  return fetch(base, { method: 'POST', headers: json, body: JSON.stringify(bundle) })
}

async function transact(bundle: Bundle): Promise<Bundle> {
  const response = await send(bundle)
  const body = (await response.json()) as Bundle
  expect([response.status, response.status === 200 ? undefined : body]).toEqual([200, undefined])
  return body
}

async function read<T extends Resource>(location: string | undefined): Promise<T> {
  return (await (await fetch(`${base}/${location}`)).json()) as T
}

function statuses(bundle: Bundle): (string | undefined)[] {
  return (bundle.entry ?? []).map((entry) => entry.response?.status)
}

function locations(bundle: Bundle): string[] {
  return (bundle.entry ?? []).map((entry) => entry.response?.location ?? '')
}

function resourceAt(location: string | undefined): string | undefined {
  return location?.replace(/\/_history\/\d+$/, '')
}
