import type { Bundle, OperationOutcome } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { condition, patient } from '../fhir/support/resources.ts'
import { client, json, medplumAt, testServer } from './support/test-server.ts'

const clients = [
  client('all', 'secret-of-all', 'system/*.cruds'),
  client('reader', 'secret-of-reader', 'system/Condition.rs', 'system/Patient.r'),
  client('writer', 'secret-of-writer', 'system/Condition.cu')
]
const { base, url } = await testServer({ auth: { sandbox: false, clients }, tokenRequestsPerMinute: 1000 })

test('MedplumClient logs in with client credentials and works', async () => {
  const medplum = medplumAt(url)
  await medplum.startClientLogin('all', 'secret-of-all')
  const created = await medplum.createResource(patient('auth'))
  expect((await medplum.readResource('Patient', created.id)).id).toBe(created.id)
})

test('MedplumClient works with Basic at the token endpoint', async () => {
  const medplum = medplumAt(url)
  medplum.setBasicAuth('all', 'secret-of-all')
  await medplum.startClientLogin('all', 'secret-of-all')
  expect(await medplum.searchResources('Patient', 'identifier=nobody')).toHaveLength(0)
})

test('a token lives five minutes at most and names its client', async () => {
  const answer = await tokenFor('reader', 'secret-of-reader')
  expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'system/Condition.rs system/Patient.r' })
  const claims = JSON.parse(Buffer.from(answer.body.access_token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    number
  >
  expect(claims).toMatchObject({ client_id: 'reader' })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300)
})

test.each([
  ['all', 'wrong', 401],
  ['nobody', 'secret-of-all', 401],
  ['', '', 401]
])('client "%s" with secret "%s" gets no token', async (clientId, secret, status) => {
  expect((await tokenFor(clientId, secret)).status).toBe(status)
})

test('a client gets no scope that it does not own', async () => {
  expect((await tokenFor('reader', 'secret-of-reader', 'system/Condition.rs system/*.cruds')).body.scope).toBe(
    'system/Condition.rs'
  )
  expect((await tokenFor('reader', 'secret-of-reader', 'system/Condition.cruds')).status).toBe(400)
  expect((await tokenFor('all', 'secret-of-all', 'system/Patient.read')).body.scope).toBe('system/Patient.read')
})

test.each(['', 'Bearer', 'Bearer x', 'Basic YWxsOnNlY3JldC1vZi1hbGw=', `Bearer ${unsigned()}`])(
  'with Authorization "%s" nothing is answered',
  async (authorization) => {
    const response = await fetch(`${base}/Patient`, { headers: authorization ? { authorization } : {} })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    expect(((await response.json()) as OperationOutcome).resourceType).toBe('OperationOutcome')
  }
)

test('metadata and health need no token', async () => {
  expect((await fetch(`${base}/metadata`)).status).toBe(200)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('scopes hold for every interaction', async () => {
  const all = await authorized('all')
  const id = ((await (await call(all, 'POST', 'Condition', condition('scoped', 'Patient/1'))).json()) as { id: string }).id
  const allowed: Record<string, number[]> = { reader: [], writer: [] }
  for (const name of ['reader', 'writer']) {
    const headers = await authorized(name)
    for (const [method, path, body] of [
      ['GET', `Condition/${id}`],
      ['GET', `Condition/${id}/_history`],
      ['GET', `Condition/${id}/_history/1`],
      ['GET', 'Condition?code=x'],
      ['POST', 'Condition', condition('more', 'Patient/1')],
      ['PUT', `Condition/${id}`, { ...condition('scoped', 'Patient/1'), id }],
      ['DELETE', `Condition/${id}`],
      ['GET', 'Patient?family=x'],
      ['GET', 'Condition?patient.family=x'],
      ['POST', 'Encounter', { resourceType: 'Encounter' }]
    ] as const) {
      allowed[name]?.push((await call(headers, method, path, body)).status)
    }
  }
  expect(allowed).toEqual({
    reader: [200, 200, 200, 200, 403, 403, 403, 403, 403, 403],
    writer: [403, 403, 403, 403, 201, 200, 403, 403, 403, 403]
  })
})

test('scopes hold for every entry of a bundle', async () => {
  const writer = await authorized('writer')
  const entries = [
    { resource: condition('b1', 'Patient/1'), request: { method: 'POST', url: 'Condition' } },
    { resource: patient('b2'), request: { method: 'POST', url: 'Patient' } },
    { request: { method: 'GET', url: 'Condition?code=x' } }
  ]
  const batch = (await (
    await call(writer, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry: entries })
  ).json()) as Bundle
  expect(batch.entry?.map((entry) => entry.response?.status)).toEqual(['201 Created', '403', '403'])
  expect((await call(writer, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: entries })).status).toBe(403)
})

test('what may not be read is not included either', async () => {
  const all = await authorized('all')
  const owner = (await (await call(all, 'POST', 'Patient', patient('inc'))).json()) as { id: string }
  const visit = {
    resourceType: 'Encounter',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: `Patient/${owner.id}` }
  }
  const encounter = (await (await call(all, 'POST', 'Encounter', visit)).json()) as { id: string }
  await call(all, 'POST', 'Condition', {
    ...condition('inc', `Patient/${owner.id}`),
    encounter: { reference: `Encounter/${encounter.id}` }
  })
  const answer = await call(
    await authorized('reader'),
    'GET',
    'Condition?identifier=inc&_include=Condition:subject&_include=Condition:encounter'
  )
  expect(((await answer.json()) as Bundle).entry?.map((entry) => entry.resource?.resourceType)).toEqual(['Condition', 'Patient'])
})

test('the sandbox without tokens answers on loopback only, and to its own name only', async () => {
  const open = await testServer({ auth: { sandbox: true, boundToLoopback: false } })
  expect((await fetch(`${open.base}/Patient`)).status).toBe(401)
  const { request } = await import('node:http')
  const sandbox = await testServer()
  const status = await new Promise((resolve) => {
    request(`${sandbox.base}/Patient`, { headers: { host: 'rebound.example' } }, (response) => resolve(response.statusCode)).end()
  })
  expect(status).toBe(403)
})

test('guessing secrets is slowed down', async () => {
  const slow = await testServer({ tokenRequestsPerMinute: 3 })
  const statuses = []
  for (let n = 0; n < 4; n++) statuses.push((await fetch(`${slow.url}/oauth2/token`, { method: 'POST' })).status)
  expect(statuses).toEqual([400, 400, 400, 429])
})

async function tokenFor(clientId: string, secret: string, scope?: string) {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    ...(scope ? { scope } : {})
  })
  const response = await fetch(`${url}/oauth2/token`, { method: 'POST', body: form })
  return { status: response.status, body: (await response.json()) as { access_token: string; scope: string } }
}

async function authorized(clientId: string): Promise<Record<string, string>> {
  return { ...json, authorization: `Bearer ${(await tokenFor(clientId, `secret-of-${clientId}`)).body.access_token}` }
}

function call(headers: Record<string, string>, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${base}/${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
}

/** A token with algorithm "none". */
function unsigned(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ iss: 'ligature', scope: 'system/*.cruds', exp: 4_000_000_000 })}.`
}
