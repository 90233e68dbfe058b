import { connect } from 'node:net'
import type { OperationOutcome } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { condition, patient } from '../fhir/support/resources.ts'
import { json, testServer } from './support/test-server.ts'

const { base, url, medplum } = await testServer()
const canary = 'CANARY-Smith-1980'

test.each<[string, string | Uint8Array, Record<string, string>, number]>([
  ['no JSON', `{"resourceType": "Patient", "id": "${canary}"`, json, 400],
  ['nothing', '', json, 400],
  ['null', 'null', json, 400],
  ['an array', `["${canary}"]`, json, 400],
  ['a text', `"${canary}"`, json, 400],
  ['the key __proto__', `{"resourceType":"Patient","__proto__":{"x":"${canary}"}}`, json, 400],
  ['an escaped key __proto__', `{"resourceType":"Patient","\\u005f_proto__":{"x":"${canary}"}}`, json, 400],
  ['a constructor with a prototype', `{"resourceType":"Patient","constructor":{"prototype":{"x":"${canary}"}}}`, json, 400],
  ['deep nesting', `{"resourceType":"Patient","x":${'['.repeat(100_000)}`, json, 400],
  ['deep nesting that closes', `{"resourceType":"Patient","x":${'['.repeat(100)}${']'.repeat(100)}}`, json, 400],
  ['200,000 values', `{"resourceType":"Patient","x":[${'1,'.repeat(200_000)}1]}`, json, 400],
  ['more than a megabyte', `{"resourceType":"Patient","language":"${'x'.repeat(1_100_000)}"}`, json, 413],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), json, 400],
  ['another content type', '<Patient/>', { 'content-type': 'application/fhir+xml' }, 415],
  ['another charset', '{}', { 'content-type': 'application/json; charset=iso-8859-1' }, 415],
  ['no content type', Buffer.from('{}'), {}, 415],
  ['a compressed body', Buffer.from('xx'), { ...json, 'content-encoding': 'gzip' }, 415],
  ['another resource type', `{"resourceType":"Condition","id":"${canary}"}`, json, 400],
  ['an unknown property', `{"resourceType":"Patient","${canary}":"${canary}"}`, json, 422],
  ['a wrong type of value', `{"resourceType":"Patient","gender":{"x":"${canary}"}}`, json, 422],
  ['a code outside the value set', `{"resourceType":"Patient","gender":"${canary}"}`, json, 422],
  ['a bad date', `{"resourceType":"Patient","birthDate":"${canary}"}`, json, 422],
  ['a control character', `{"resourceType":"Patient","name":[{"family":"${canary}\\u0000"}]}`, json, 422],
  [
    'a script in the narrative',
    `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>${canary}</script></div>"}}`,
    json,
    422
  ]
])('%s is refused with an OperationOutcome that repeats nothing', async (_name, body, headers, status) => {
  const response = await fetch(`${base}/Patient`, { method: 'POST', headers, body: body as string })
  const text = await response.text()
  expect([response.status, text]).toEqual([status, expect.not.stringContaining('CANARY')])
  expect((JSON.parse(text) as OperationOutcome).resourceType).toBe('OperationOutcome')
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

test.each<[string, unknown, number]>([
  ['no operations', {}, 400],
  ['an operation without a path', [{ op: 'add', value: canary }], 400],
  ['a path into the prototype', [{ op: 'add', path: '/__proto__/x', value: canary }], 400],
  ['a path that is not there', [{ op: 'replace', path: `/name/0/${canary}`, value: canary }], 422],
  ['a test that fails', [{ op: 'test', path: '/gender', value: canary }], 422],
  ['a patch of the id', [{ op: 'replace', path: '/id', value: canary }], 400],
  ['a patch to an invalid resource', [{ op: 'add', path: '/gender', value: canary }], 422]
])('a patch with %s is refused and repeats nothing', async (_name, patch, status) => {
  const { id } = await medplum.createResource(patient('patch', { name: [{ family: canary }] }))
  const response = await fetch(`${base}/Patient/${id}`, { method: 'PATCH', headers: json, body: JSON.stringify(patch) })
  expect([response.status, await response.text()]).toEqual([status, expect.not.stringContaining('CANARY')])
})

test.each<[string, unknown, number]>([
  ['no Bundle', patient('x'), 400],
  ['a document', { resourceType: 'Bundle', type: 'document' }, 400],
  ['entries that are no list', { resourceType: 'Bundle', type: 'transaction', entry: { x: canary } }, 400],
  ['an entry of null', { resourceType: 'Bundle', type: 'transaction', entry: [null] }, 400],
  ['no request', { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient(canary) }] }, 400],
  ['a method of its own', one({ method: 'constructor', url: 'Patient' }), 400],
  ['another server', one({ method: 'POST', url: `https://evil.example/${canary}` }), 400],
  ['an unknown type', one({ method: 'POST', url: canary }), 404],
  ['a url that is a number', one({ method: 'POST', url: 5 }), 400],
  ['two thousand and one entries', { resourceType: 'Bundle', type: 'transaction', entry: Array(2001).fill({}) }, 400],
  [
    'a reference to nowhere',
    one({ method: 'POST', url: 'Condition' }, condition('x', 'urn:uuid:00000000-0000-4000-8000-000000000000')),
    400
  ]
])('a bundle with %s is refused and repeats nothing', async (_name, bundle, status) => {
  const response = await fetch(base, { method: 'POST', headers: json, body: JSON.stringify(bundle) })
  expect([response.status, await response.text()]).toEqual([status, expect.not.stringContaining('CANARY')])
})

test('a bundle of more than ten megabytes is too large', async () => {
  const response = await fetch(base, { method: 'POST', headers: json, body: ' '.repeat(10_600_000) })
  expect(response.status).toBe(413)
})

test('an unexpected error says its id and nothing else', async () => {
  const broken = await testServer({
    onWrite: async () => {
      throw new Error(canary)
    }
  })
  const response = await fetch(`${broken.base}/Patient`, { method: 'POST', headers: json, body: JSON.stringify(patient(canary)) })
  const text = await response.text()
  expect([response.status, text]).toEqual([500, expect.not.stringContaining('CANARY')])
  expect(text).toMatch(/reported as [0-9a-f-]{36}/)
  expect(await broken.medplum.searchResources('Patient')).toHaveLength(0)
})

test('a raw bar in the request line is understood', async () => {
  const { port } = new URL(url)
  const head = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /fhir/R4/Patient?identifier=s|1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    })
    socket.once('data', (bytes) => resolve(bytes.toString()))
    socket.once('error', reject)
  })
  expect(head).toMatch(/^HTTP\/1\.1 200 /)
})

function one(request: object, resource: object = patient('x')): object {
  return { resourceType: 'Bundle', type: 'transaction', entry: [{ resource, request }] }
}
