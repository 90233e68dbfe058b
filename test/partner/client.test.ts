import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Listing, Partner } from '#partner'
import { CallNotGranted, createClient, definePartner, listPages, PartnerDeclarationError, readRecord } from '#partner'
import type { Http, HttpAnswer, HttpRequest } from '../../src/ports.ts'
import { NotSent, OutcomeUnknown } from '../../src/ports.ts'

const now = Date.parse('2026-04-01T12:00:00Z')
const clock = { now: () => now, sleep: async () => undefined }
const documented = { kind: 'documented', where: 'a test' } as const

const list: Listing = {
  call: 'list',
  records: ['data', 'items'],
  filters: ['since'],
  query: (ask, position) => ({ page: position ?? '1', ...(ask.since === undefined ? {} : { since: ask.since }) }),
  next(envelope, position) {
    const pages = (envelope as { data: { pages: number } } | undefined)?.data.pages ?? 1
    const page = Number(position ?? '1')
    return page < pages ? String(page + 1) : undefined
  },
  timeLiteral: (millis) => new Date(millis).toISOString(),
  total: (envelope) => (envelope as { data: { total?: number } } | undefined)?.data.total
}

const declaration = {
  name: 'example',
  title: 'Example',
  assumptions: [],
  calls: {
    create: { method: 'POST', path: '/items', source: documented, effect: 'blind', timeoutMs: 1000 },
    replace: {
      method: 'PUT',
      path: '/items/{id}',
      source: documented,
      effect: 'idempotent',
      grant: 'allowUpdate',
      timeoutMs: 1000
    },
    read: { method: 'GET', path: '/items/{id}', source: documented, effect: 'read', timeoutMs: 1000 },
    list: { method: 'GET', path: '/items', source: documented, effect: 'read', timeoutMs: 1000 }
  },
  recordTypes: { item: { schema: z.unknown(), key: 'id', trust: 'coarse-time', list } },
  readAnswer({ status, body }) {
    const { code, data, message } = (body ?? {}) as { code?: number; data?: unknown; message?: string }
    if (status < 300 && code === 2000) return { kind: 'ok', data }
    if (code === undefined) return { kind: 'unknown' }
    return { kind: 'rejected', code: String(code), ...(message === undefined ? {} : { partnerMessage: message }) }
  }
} satisfies Partner
const partner = definePartner(declaration)

type Reply = Partial<Omit<HttpAnswer, 'body'>> & { body?: string | Uint8Array }

/** A client whose partner gives these answers in turn. */
function given(...replies: (Reply | Error)[]) {
  const requests: HttpRequest[] = []
  const tokensRefused: (string | undefined)[] = []
  const http: Http = async (request) => {
    requests.push(request)
    const reply = replies.shift()
    if (reply === undefined) throw new Error('one request too many')
    if (reply instanceof Error) throw reply
    const body = typeof reply.body === 'string' ? new TextEncoder().encode(reply.body) : (reply.body ?? new Uint8Array())
    return { status: reply.status ?? 200, headers: reply.headers ?? {}, body }
  }
  const connection = {
    name: 'example',
    baseUrl: 'https://partner.example/base/',
    async token(refused?: string) {
      tokensRefused.push(refused)
      return refused === undefined ? 'first' : 'second'
    }
  }
  return { client: createClient(partner, connection, { http, clock }), connection, requests, tokensRefused }
}

test('a success is the data inside the envelope, with both clocks', async () => {
  const { client, requests } = given({
    body: '{"code":2000,"data":{"id":"1"}}',
    headers: { date: 'Wed, 01 Apr 2026 11:59:58 GMT' }
  })
  const outcome = await client.call('create', { body: { name: 'x' } })
  expect(outcome).toMatchObject({ kind: 'ok', status: 200, data: { id: '1' }, receivedAt: now, partnerDate: now - 2000 })
  expect(requests).toMatchObject([
    {
      method: 'POST',
      url: 'https://partner.example/base/items',
      headers: { authorization: 'Bearer first', 'content-type': 'application/json' },
      body: '{"name":"x"}'
    }
  ])
})

test('a refusal keeps the words of the partner apart from what may be logged', async () => {
  const { client } = given({ body: '{"code":4001,"message":"ROSA MARTIN has no such card"}' })
  const outcome = await client.call('create', { body: {} })
  expect(outcome).toMatchObject({ kind: 'rejected', code: '4001', status: 200, partnerMessage: 'ROSA MARTIN has no such card' })
  expect(JSON.stringify(outcome.kind === 'rejected' && outcome.issue)).not.toContain('ROSA')
})

test.each<[string, Reply | Error, object]>([
  ['never left', new NotSent('refused'), { kind: 'not-sent', reason: 'unreachable' }],
  ['reset, cut or late', new OutcomeUnknown('reset'), { kind: 'unknown', reason: 'no-answer' }],
  ['a failure of our own', new TypeError('oops'), { kind: 'unknown', reason: 'no-answer' }],
  ['500', { status: 500, body: '{"code":5000}' }, { kind: 'unknown', reason: 'server-error', status: 500 }],
  ['503', { status: 503 }, { kind: 'unknown', reason: 'server-error', status: 503 }],
  ['408', { status: 408, body: '{"code":1}' }, { kind: 'unknown', reason: 'server-error', status: 408 }],
  ['a redirect', { status: 302 }, { kind: 'unknown', reason: 'redirect', status: 302 }],
  ['no JSON', { body: '<html>' }, { kind: 'unknown', reason: 'unreadable', status: 200 }],
  ['half the JSON', { body: '{"code":2000,"da' }, { kind: 'unknown', reason: 'unreadable', status: 200 }],
  ['invalid UTF-8', { body: new Uint8Array([0x22, 0xff, 0x22]) }, { kind: 'unknown', reason: 'unreadable', status: 200 }],
  ['a prototype key', { body: '{"code":2000,"__proto__":{}}' }, { kind: 'unknown', reason: 'unreadable', status: 200 }],
  ['nothing', { status: 200 }, { kind: 'unknown', reason: 'undocumented-answer', status: 200 }],
  ['a proxy page', { status: 404, body: '"not here"' }, { kind: 'unknown', reason: 'undocumented-answer', status: 404 }],
  ['too much', { body: new Uint8Array(25 * 1024 * 1024 + 1) }, { kind: 'unknown', reason: 'too-large', status: 200 }],
  ['429 seconds', { status: 429, headers: { 'retry-after': '7' } }, { kind: 'throttled', retryAfterMs: 7000 }],
  [
    '429 date',
    { status: 429, headers: { 'retry-after': 'Wed, 01 Apr 2026 12:00:10 GMT' } },
    { kind: 'throttled', retryAfterMs: 10_000 }
  ],
  [
    '429 past date',
    { status: 429, headers: { 'retry-after': 'Wed, 01 Apr 2026 11:00:00 GMT' } },
    { kind: 'throttled', retryAfterMs: 0 }
  ],
  ['429 alone', { status: 429 }, { kind: 'throttled', retryAfterMs: 30_000 }]
])('an answer is judged once, and never asked for again: %s', async (_, reply, expected) => {
  const { client, requests } = given(reply)
  expect(await client.call('create', { body: {} })).toEqual(expected)
  expect(requests).toHaveLength(1)
})

test('a refused token is replaced once: a read is asked again, a write is not', async () => {
  const reading = given({ status: 401 }, { body: '{"code":2000,"data":1}' })
  expect(await reading.client.call('read', { path: { id: '1' } })).toMatchObject({ kind: 'ok' })
  expect(reading.requests.map(({ headers }) => headers?.authorization)).toEqual(['Bearer first', 'Bearer second'])

  const refused = given({ status: 401 }, { status: 401 })
  expect(await refused.client.call('read', { path: { id: '1' } })).toMatchObject({ kind: 'rejected', code: 'unauthorized' })

  const writing = given({ status: 401 })
  expect(await writing.client.call('create', { body: {} })).toMatchObject({ kind: 'rejected', code: 'unauthorized', status: 401 })
  expect(writing.tokensRefused).toEqual([undefined, 'first'])
})

test('without a token nothing is sent', async () => {
  const { connection, requests } = given()
  const token = () => Promise.reject(new Error('vault is sealed'))
  const client = createClient(partner, { ...connection, token }, { http: () => Promise.reject(new Error('sent')), clock })
  expect(await client.call('create', { body: {} })).toEqual({ kind: 'not-sent', reason: 'no-token' })
  expect(requests).toHaveLength(0)
})

test('what the connection does not grant is not sent', async () => {
  const { client, connection } = given()
  expect(client.granted('replace')).toBe(false)
  await expect(client.call('replace', { path: { id: '1' }, body: {} })).rejects.toThrow(CallNotGranted)
  const allowing = createClient(
    partner,
    { ...connection, grants: { allowUpdate: true } },
    { http: async () => ({ status: 500, headers: {}, body: new Uint8Array() }), clock }
  )
  expect(allowing.granted('replace')).toBe(true)
})

test('path arguments cannot leave their place', async () => {
  const { client, requests } = given({ body: '{"code":2000}' })
  await client.call('read', { path: { id: '../a?b#c' } })
  expect(requests[0]?.url).toBe('https://partner.example/base/items/..%2Fa%3Fb%23c')
  await expect(client.call('read', { path: { id: '..' } })).rejects.toThrow('No usable value for {id}')
  await expect(client.call('read')).rejects.toThrow('No usable value for {id}')
})

test('a link of the partner is followed on its own origin only', async () => {
  const { client, requests } = given({ body: '{"code":2000}' })
  await client.call('list', { link: '/base/items?page=2' })
  expect(requests[0]?.url).toBe('https://partner.example/base/items?page=2')
  for (const link of [
    'https://evil.example/items',
    'http://partner.example/',
    '//evil.example',
    'https://partner.example@evil.example/',
    'https://u:p@partner.example/',
    'file:///etc/passwd',
    'https://partner.example:444/'
  ]) {
    await expect(client.call('list', { link })).rejects.toThrow('does not lead to https://partner.example')
  }
})

const page = (ids: string[], pages: number) => ({
  body: `{"code":2000,"data":{"items":[${ids.map((id) => `{"id":"${id}"}`)}],"pages":${pages},"total":3}}`
})

test('a listing is walked page by page, and its records stay unparsed until asked for', async () => {
  const { client, requests } = given(page(['a', 'b'], 2), page(['c'], 2))
  const seen: unknown[] = []
  for await (const found of listPages(client, 'item', { since: '2026-03-01' })) {
    if (found.kind !== 'page') throw new Error(found.kind)
    seen.push([found.position, found.next, found.total, found.records.map((range) => [range.key, readRecord(found, range)])])
  }
  expect(seen).toEqual([
    [
      undefined,
      '2',
      3,
      [
        ['a', { id: 'a' }],
        ['b', { id: 'b' }]
      ]
    ],
    ['2', undefined, 3, [['c', { id: 'c' }]]]
  ])
  expect(requests.map(({ url }) => new URL(url).search)).toEqual(['?page=1&since=2026-03-01', '?page=2&since=2026-03-01'])
})

test('a failed page is told, and asking on asks for the same page again', async () => {
  const { client, requests } = given({ status: 429 }, { body: '{"code":4003,"message":"no"}' }, page(['c'], 2))
  const pages = listPages(client, 'item', { from: '2' })
  expect((await pages.next()).value).toMatchObject({ kind: 'throttled' })
  expect((await pages.next()).value).toMatchObject({ kind: 'rejected', code: '4003' })
  expect((await pages.next()).value).toMatchObject({ kind: 'page', position: '2' })
  expect((await pages.next()).done).toBe(true)
  expect(requests.map(({ url }) => new URL(url).search)).toEqual(['?page=2', '?page=2', '?page=2'])
})

test('a successful answer without its records is unknown, and never an empty listing', async () => {
  const { client } = given({ body: '{"code":2000,"data":null}' })
  expect((await listPages(client, 'item').next()).value).toEqual({ kind: 'unknown', reason: 'unreadable', status: 200 })
})

test('where a partner says "no records" without a body, the page is empty', async () => {
  const { connection } = given()
  const polite = definePartner({ ...declaration, readAnswer: () => ({ kind: 'ok', data: undefined }) })
  const client = createClient(polite, connection, {
    http: async () => ({ status: 204, headers: {}, body: new Uint8Array() }),
    clock
  })
  const pages = listPages(client, 'item')
  expect((await pages.next()).value).toMatchObject({ kind: 'page', records: [], next: undefined })
  expect((await pages.next()).done).toBe(true)
})

test('a call may add headers, but not speak for somebody else', async () => {
  const { client, requests } = given({ body: '{"code":2000}' })
  await client.call('read', { path: { id: '1' }, headers: { 'if-match': 'W/"3"', authorization: 'Bearer stolen' } })
  expect(requests[0]?.headers).toEqual({ accept: 'application/json', 'if-match': 'W/"3"', authorization: 'Bearer first' })
})

test('a filter that the listing does not know is refused', async () => {
  await expect(listPages(given().client, 'item', { filters: { mood: 'good' } }).next()).rejects.toThrow("cannot filter by 'mood'")
})

test('a declaration that contradicts itself is refused at start-up', () => {
  const broken = (change: Partial<Partner>) => () => definePartner({ ...declaration, ...change } as Partner)
  const call = declaration.calls.create
  expect(broken({ calls: { ...declaration.calls, create: { ...call, source: { kind: 'assumed', assumption: 'x' } } } })).toThrow(
    PartnerDeclarationError
  )
  expect(broken({ calls: { ...declaration.calls, create: { ...call, irreversible: true } } })).toThrow('name the grant')
  expect(broken({ calls: { ...declaration.calls, read: { ...declaration.calls.read, effect: 'blind' } } })).toThrow('is a GET')
  expect(broken({ calls: { ...declaration.calls, create: { ...call, effect: 'read' } } })).toThrow("cannot be 'read'")
  expect(broken({ calls: {} })).toThrow("uses the call 'list', which is not declared")
})
