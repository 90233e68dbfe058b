import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import type { PartnerClient, WebhookVerdict } from '#partner'
import { createClient, listPages, readRecord, verifyWebhook } from '#partner'
import { caseRequest } from '../../mappings/spry/case-request.ts'
import { partner } from '../../mappings/spry/partner.ts'
import { SpryCase } from '../../mappings/spry/records.ts'
import { documentedCase } from '../../mappings/spry/twin/documented-case.ts'
import { icdCodes } from '../../mappings/spry/twin/icd-codes.ts'
import type { SpryTwin, TwinOptions } from '../../mappings/spry/twin.ts'
import { createSpryTwin, population, startTwin } from '../../mappings/spry/twin.ts'
import { createHttp } from '../../src/adapters/http.ts'
import type { Ports } from '../../src/ports.ts'

/** The request of the document, as its curl example sends it. */
const documentedRequest = {
  patient_id: 1172416,
  case_title: 'Stable Burst Fracture',
  specialization: 'MSK',
  direct_access: false,
  referring_physician_details: {
    referring_physician_id: 180513,
    first_name: 'MARK',
    last_name: 'STOUFFER',
    npi: 1316131790,
    fax_number: 4356526025,
    phone_number: 4356526024,
    address1: '617 E RIVERSIDE DR STE 30',
    address2: '',
    city: 'ST GEORGE',
    state: 'UT',
    zip: 84790
  },
  icd_codes: [{ id: 9676, code: 'M72.1', description: 'Knuckle pads', revision: 'ICD10' }],
  number_of_past_visits_for_this_case: 0,
  treatment_start_date: '2026-04-01',
  date_of_injury: null,
  insurance_card_list: [
    {
      insurance_card_id: 1089201,
      insurance_payer: { payer_reg_id: 2207, name: 'PEHP - Utah Public Employee Health Plan', payer_id: 'SX106' },
      insurance_number: 'M0000121643',
      plan_start_date: '2025-09-01',
      plan_end_date: '2026-08-31',
      insurance_card_type: 'PRIMARY'
    }
  ],
  treatment_status: 'ACTIVE'
}

const { http, close } = createHttp()
afterAll(close)

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`
let now: number
let slept: number[]
let ports: Ports
let twin: SpryTwin
let client: PartnerClient
const open: SpryTwin[] = []

async function start(options: Partial<TwinOptions> = {}): Promise<SpryTwin> {
  const started = await createSpryTwin({ ports, population: population(1, 250), token: 'JWT', ...options })
  open.push(started)
  return started
}

function clientOf(twin: SpryTwin, token = 'JWT'): PartnerClient {
  const connection = { name: 'spry', baseUrl: twin.url, token: async () => token, grants: { allowUpdate: true } }
  return createClient(partner, connection, ports)
}

beforeEach(async () => {
  now = Date.parse('2026-05-19T10:00:00.123Z')
  slept = []
  let ids = 0
  const sleep = async (ms: number) => {
    slept.push(ms)
    now += ms
  }
  ports = { clock: { now: () => now, sleep }, random: () => 0.5, newId: () => `id-${++ids}`, http }
  twin = await start()
  client = clientOf(twin)
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((started) => started.close()))
})

const answerOf = async (call: string, given = {}) => {
  const outcome = await client.call(call, given)
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome))
  return outcome.data
}
const caseOf = async (call: string, given = {}) => SpryCase.parse(await answerOf(call, given))
const getCase = (spry_case_id: string) => caseOf('getCase', { path: { spry_case_id } })

async function ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await http({ method, url: twin.url + path, headers, ...sent, timeoutMs: 5000 })
  const text = Buffer.from(answer.body).toString()
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
}

async function allPages(options = {}) {
  const cases: SpryCase[] = []
  let pages = 0
  for await (const page of listPages(client, 'case', options)) {
    if (page.kind !== 'page') throw new Error(JSON.stringify(page))
    pages++
    for (const range of page.records) cases.push(SpryCase.parse(readRecord(page, range)))
    expect(page.records.map(({ key }) => key)).toEqual(cases.slice(-page.records.length).map((one) => one.spry_case_id))
  }
  return { cases, pages }
}

test('the documented request gives the documented answer, but for ids and times', async () => {
  const answer = await ask('POST', '/apis/soap-enrichment/v1/patientCase', documentedRequest, {
    authorization: 'Bearer JWT',
    'content-type': 'application/json'
  })
  const assigned = {
    created_date: '2026-05-19T10:00:00.123Z',
    updated_date: '2026-05-19T10:00:00.125581Z',
    id: '6a0c34a0e7562d613ea89bca',
    spry_case_id: 'SPRY_CASE_6a0c34a0e7562d613ea89bc9',
    created_at: '2026-05-19T10:00:00.123',
    updated_at: '2026-05-19T10:00:00.1235'
  }
  const data = { ...documentedCase, ...assigned }
  expect(answer).toEqual({ status: 200, body: { code: 2000, data, message: 'Success' } })
  expect(JSON.stringify(answer.body)).toBe(JSON.stringify({ code: 2000, data, message: 'Success' }))
})

test('the answer to a create says neither codes nor start date; a later read does', async () => {
  const created = await caseOf('createCase', { body: documentedRequest })
  expect(created).toMatchObject({ icd_codes: [], treatment_start_date: null })
  const read = await getCase(created.spry_case_id)
  expect(read).toEqual({ ...created, icd_codes: documentedRequest.icd_codes, treatment_start_date: '2026-04-01' })
})

test('a physician comes back under another name, with numbers as strings and a longer ZIP code', async () => {
  const physician = { ...documentedRequest.referring_physician_details, referring_physician_id: 7, zip: 2134 }
  const body = { ...documentedRequest, referring_physician_details: physician, clinic_id: 412 }
  const created = await caseOf('createCase', { body })
  expect(created.referring_physician_details).toEqual({
    ...documentedCase.referring_physician_details,
    ref_physician_id: 7,
    zip: '02134-1007'
  })
  expect(created).not.toHaveProperty('clinic_id')
  // A physician whom Spry knows is resolved from its own directory, whatever the request says.
  const renamed = { ...documentedRequest.referring_physician_details, last_name: 'OTHER', zip: 11111 }
  const resolved = await caseOf('createCase', { body: { ...documentedRequest, referring_physician_details: renamed } })
  expect(resolved.referring_physician_details).toEqual(documentedCase.referring_physician_details)
})

test.each<[string, object]>([
  ['no patient', { patient_id: undefined }],
  ['no title', { case_title: undefined }],
  ['a specialization that is not enabled', { specialization: 'AQUATIC' }],
  ['an ICD code of id 0', { icd_codes: [{ id: 0, code: 'M72.1', revision: 'ICD10' }] }],
  ['an ICD code without an id', { icd_codes: [{ id: null, code: 'M72.1', revision: 'ICD10' }] }],
  ['a physician of id 0', { referring_physician_details: { referring_physician_id: 0 } }],
  ['an NPI as text', { referring_physician_details: { referring_physician_id: 1, npi: '1316131790' } }],
  ['a card without a rank', { insurance_card_list: [{ insurance_card_id: 1 }] }],
  ['a status that is none', { treatment_status: 'PAUSED' }]
])('HTTP 400 and no case for %s', async (_, change) => {
  const outcome = await client.call('createCase', { body: { ...documentedRequest, ...change } })
  expect(outcome).toMatchObject({ kind: 'rejected', status: 400, code: '4000' })
  expect(twin.counters.state()).toMatchObject({ created: 0, calls: { createCase: 1 } })
})

test('only the bearer of the token is served, and tokens can change', async () => {
  expect(await clientOf(twin, 'stolen').call('listCases')).toMatchObject({ kind: 'rejected', code: 'unauthorized' })
  twin.rotateToken('next')
  expect(await client.call('createCase', { body: documentedRequest })).toMatchObject({ kind: 'rejected', code: 'unauthorized' })
  expect(await clientOf(twin, 'next').call('listCases')).toMatchObject({ kind: 'ok' })
  expect(twin.counters.created).toBe(0)
})

test('a case that does not exist is refused with 404', async () => {
  const outcome = await client.call('getCase', { path: { spry_case_id: 'SPRY_CASE_69cd0c97e7562d613ea89bc6' } })
  expect(outcome).toMatchObject({ kind: 'rejected', status: 404, code: '4004' })
})

test('the listing shows every case once, oldest first, and as a read shows it', async () => {
  const { cases, pages } = await allPages()
  expect(pages).toBe(3)
  expect(new Set(cases.map((one) => one.spry_case_id)).size).toBe(250)
  expect(cases.map((one) => one.created_at)).toEqual(cases.map((one) => one.created_at ?? '').sort())
  expect(cases.at(-1)).toEqual(documentedCase)
  expect(await getCase(cases[100]?.spry_case_id ?? '')).toEqual(cases[100])
})

test('pages stay where they are while cases are edited and added', async () => {
  const before = (await allPages()).cases
  const pages = listPages(client, 'case')
  const keys: (string | undefined)[] = []
  for await (const page of pages) {
    if (page.kind !== 'page') throw new Error(page.kind)
    keys.push(...page.records.map(({ key }) => key))
    await ask('PATCH', `/twin/cases/${before[0]?.spry_case_id}`, { case_title: `Edited ${keys.length}` })
    if (keys.length === 100) await caseOf('createCase', { body: documentedRequest })
  }
  expect(keys.slice(0, 250)).toEqual(before.map((one) => one.spry_case_id))
  expect(keys).toHaveLength(251)
})

test('the listing can be asked for a time of change and for a patient', async () => {
  const [oldest] = (await allPages()).cases
  if (oldest === undefined) throw new Error('no case')
  const edited = SpryCase.parse((await ask('PATCH', `/twin/cases/${oldest.spry_case_id}`, { body_pain_notes: 'Better.' })).body)
  const since = edited.updated_at ?? ''
  expect((await allPages({ since })).cases).toEqual([edited])
  expect((await allPages({ since: `${since}1` })).cases).toEqual([])
  const ofPatient = (await allPages({ filters: { patient_id: '1172416' } })).cases
  expect(ofPatient).toHaveLength(2)
  expect(ofPatient.every((one) => one.patient_id === 1172416)).toBe(true)
})

test('a whole-value write replaces what the request names and keeps what Spry assigned', async () => {
  const created = await caseOf('createCase', { body: { ...documentedRequest, body_pain_notes: 'Sore.' } })
  const read = await getCase(created.spry_case_id)
  const changed = caseRequest({ ...read, case_title: 'Healed', body_pain_notes: null })
  if (changed.kind !== 'request') throw new Error('no request')
  now += 1000
  const updated = await caseOf('updateCase', { path: { spry_case_id: read.spry_case_id }, body: changed.body })
  expect(updated).toEqual({
    ...read,
    case_title: 'Healed',
    body_pain_notes: null,
    patient_case_identifier: { ...read.patient_case_identifier, case_title: 'Healed' },
    updated_at: '2026-05-19T10:00:01.1235',
    updated_date: '2026-05-19T10:00:01.125581Z'
  })
  expect(twin.counters.state()).toMatchObject({ created: 1, updated: 1, unknownFields: 0 })
})

test('every edit moves updated_at, even within one millisecond', async () => {
  const id = documentedCase.spry_case_id
  const times: (string | null | undefined)[] = []
  for (const case_title of ['A', 'B', 'B']) {
    times.push(SpryCase.parse((await ask('PATCH', `/twin/cases/${id}`, { case_title })).body).updated_at)
  }
  expect(new Set(times).size).toBe(3)
  expect(times).toEqual([...times].sort())
})

test('the look-ups that the document names by name answer', async () => {
  expect(await answerOf('searchIcdCodes', { query: { query: 'M72.1' } })).toEqual(documentedRequest.icd_codes)
  expect(await answerOf('listSpecializations')).toContain('MSK')
  const cards = documentedRequest.insurance_card_list.map(({ insurance_card_type: _, ...card }) => card)
  expect(await answerOf('getInsuranceCards', { path: { patient_id: 1172416 } })).toEqual(cards)
})

test.each([
  ['drop-request', { kind: 'unknown', reason: 'no-answer' }, 0],
  ['drop-response', { kind: 'unknown', reason: 'no-answer' }, 1],
  ['late', { kind: 'unknown', reason: 'no-answer' }, 1],
  ['reset', { kind: 'unknown', reason: 'no-answer' }, 1],
  ['truncated', { kind: 'unknown', reason: 'unreadable' }, 1],
  ['500', { kind: 'unknown', reason: 'server-error' }, 0],
  ['502-after-effect', { kind: 'unknown', reason: 'server-error' }, 1],
  ['429', { kind: 'throttled', retryAfterMs: 3000 }, 0],
  ['200-error', { kind: 'rejected', status: 200, code: '4001' }, 0],
  ['delay', { kind: 'ok' }, 1]
] as const)('the fault %s is told as %o, with %i cases created', async (kind, outcome, created) => {
  twin.faults.add({ kind, call: 'createCase', ms: 3000 })
  expect(await client.call('listSpecializations')).toMatchObject({ kind: 'ok' })
  expect(await client.call('createCase', { body: documentedRequest })).toMatchObject(outcome)
  await twin.settled()
  expect(twin.counters.created).toBe(created)
  expect(slept).toEqual(kind === 'late' || kind === 'delay' ? [3000] : [])
  expect(await client.call('createCase', { body: documentedRequest })).toMatchObject({ kind: 'ok' })
})

test('a create that was done twice is counted', async () => {
  twin.faults.add({ kind: 'drop-response', times: 2 })
  await client.call('createCase', { body: documentedRequest })
  await client.call('createCase', { body: documentedRequest })
  await client.call('createCase', { body: { ...documentedRequest, case_title: 'Another' } })
  expect((await ask('GET', '/twin/counters')).body).toMatchObject({ created: 3, createdAgain: 1, calls: { createCase: 3 } })
})

test('nobody listening is not sent', async () => {
  await twin.close()
  expect(await client.call('createCase', { body: documentedRequest })).toEqual({ kind: 'not-sent', reason: 'unreachable' })
})

test('a clinician opens, edits and deletes cases by hand', async () => {
  const opened = SpryCase.parse(
    (await ask('POST', '/twin/cases', { patient_id: 9, case_title: 'New', date_of_injury: '2026-05-01' })).body
  )
  expect(await getCase(opened.spry_case_id)).toEqual(opened)
  expect(opened).toMatchObject({ patient_id: 9, case_title: 'New', specialization: 'MSK', date_of_injury: '2026-05-01' })
  expect((await ask('DELETE', `/twin/cases/${documentedCase.spry_case_id}`)).status).toBe(200)
  expect((await ask('GET', `/twin/cases/${documentedCase.spry_case_id}`)).status).toBe(404)
  const { cases } = await allPages()
  expect(cases.map((one) => one.spry_case_id)).not.toContain(documentedCase.spry_case_id)
  expect((await ask('GET', '/twin/state')).body).toMatchObject({ cases: 250, changed: 2, population: { seed: 1, size: 250 } })
  expect((await ask('GET', '/twin/patients?from=0&count=2')).body).toMatchObject([
    { patient_id: 1172416 },
    { patient_id: 1172417 }
  ])
  expect((await ask('PATCH', `/twin/cases/${opened.spry_case_id}`, { patient_id: 'nine' })).status).toBe(400)
  expect((await ask('POST', '/twin/cases', {})).status).toBe(400)
  expect((await ask('POST', '/twin/faults', [{ kind: '500' }])).status).toBe(200)
  expect(await client.call('listCases')).toMatchObject({ kind: 'unknown' })
  expect((await ask('POST', '/twin/faults', [{ kind: 'flood' }])).status).toBe(400)
})

test('web pages of other origins may not edit', async () => {
  expect((await ask('GET', '/twin/state', undefined, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await ask('GET', '/twin/state', undefined, { host: 'evil.example' })).status).toBe(403)
})

test('every change is told by a webhook that verifies', async () => {
  const verdicts: WebhookVerdict[] = []
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      verdicts.push(verifyWebhook(partner.webhook, { headers: request.headers, body: Buffer.concat(chunks) }, [secret], now))
      response.writeHead(verdicts.length === 3 ? 500 : 204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  twin.setWebhook({ url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`, secret })
  const created = await caseOf('createCase', { body: documentedRequest })
  await twin.settled()
  await ask('PATCH', `/twin/cases/${documentedCase.spry_case_id}`, { case_title: 'Edited' })
  await twin.settled()
  await ask('DELETE', `/twin/cases/${created.spry_case_id}`)
  await twin.settled()
  await new Promise((resolve) => receiver.close(resolve))
  const about = (deliveryId: string, partnerKey: string) => ({
    kind: 'accepted',
    deliveryId,
    refs: [{ recordType: 'case', partnerKey }]
  })
  expect(verdicts).toEqual([
    about('msg_id-1', created.spry_case_id),
    about('msg_id-2', documentedCase.spry_case_id),
    about('msg_id-3', created.spry_case_id)
  ])
  expect(twin.counters.state()).toMatchObject({ webhooksDelivered: 2, webhooksFailed: 1 })
})

test('edits, new cases and deletions survive a restart', async () => {
  const stateFile = join(mkdtempSync(join(tmpdir(), 'twin-')), 'spry.json')
  twin = await start({ stateFile })
  client = clientOf(twin)
  const created = await caseOf('createCase', { body: documentedRequest })
  const [oldest, older] = (await allPages()).cases
  await ask('PATCH', `/twin/cases/${oldest?.spry_case_id}`, { case_title: 'Edited' })
  await ask('DELETE', `/twin/cases/${older?.spry_case_id}`)
  const before = (await allPages()).cases
  await twin.close()
  twin = await start({ stateFile })
  client = clientOf(twin)
  expect((await allPages()).cases).toEqual(before)
  const another = await caseOf('createCase', { body: documentedRequest })
  expect(another.spry_case_id).not.toBe(created.spry_case_id)
  expect((another.updated_at ?? '') > (before[0]?.updated_at ?? '')).toBe(true)
  await expect(start({ stateFile, population: population(2, 250) })).rejects.toThrow('The kept state is of a population')
})

test('the sandbox starts the twin without knowing what Spry is', async () => {
  const started = await startTwin({ ports, seed: 1, size: 3, token: 'JWT' })
  const answer = await http({ method: 'GET', url: `${started.url}/twin/state`, timeoutMs: 5000 })
  expect(JSON.parse(Buffer.from(answer.body).toString())).toMatchObject({ partner: 'spry', cases: 3 })
  await started.close()
})

test('latency passes on the clock', async () => {
  client = clientOf(await start({ latencyMs: 200 }))
  await client.call('listSpecializations')
  expect(slept).toEqual([200])
})

test('a practice is the same for the same seed, plausible, and as read', () => {
  const [practice, again, other] = [population(3, 2000), population(3, 2000), population(4, 2000)]
  const cases = Array.from({ length: 2000 }, (_, number) => practice.caseAt(number))
  expect(cases[0]).toEqual(documentedCase)
  expect(again.caseAt(1234)).toEqual(cases[1234])
  expect(other.caseAt(1234)).not.toEqual(cases[1234])
  expect(new Set(cases.map((one) => one.spry_case_id)).size).toBe(2000)
  for (const one of cases) SpryCase.parse(one)
  for (const one of cases.slice(1)) {
    expect(one.icd_codes?.length).toBeGreaterThanOrEqual(1)
    expect(one.icd_codes?.length).toBeLessThanOrEqual(3)
    expect(one.id?.slice(-6)).toBe((Number.parseInt(one.spry_case_id.slice(-6), 16) + 1).toString(16).padStart(6, '0'))
    const npi = one.referring_physician_details?.npi
    if (npi != null) expect(luhn(`80840${npi}`)).toBe(true)
  }
  expect(new Set(icdCodes.map(({ id }) => id)).size).toBe(icdCodes.length)
  expect(icdCodes.filter(({ code }) => !/^[A-Z]\d[0-9AB](\.[0-9A-Z]{1,4})?$/.test(code ?? ''))).toEqual([])
})

function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = place % 2 === 0 ? Number(digit) : Number(digit) * 2
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}
