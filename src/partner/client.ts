import type { Clock, Http, HttpAnswer } from '../ports.ts'
import { NotSent } from '../ports.ts'
import { addressOf } from './address.ts'
import type { Call, CallArguments } from './call.ts'
import type { Connection } from './connection.ts'
import type { Answer, Outcome } from './outcome.ts'
import type { Partner } from './partner.ts'
import { readJson } from './read-json.ts'
import { retryAfterMs } from './retry-after.ts'

/** Reads the body of an answer; listings pass their own, which leaves the records unread. */
export type ReadBody = (text: Uint8Array) => unknown

/** A partner's API, called with one connection's account. It never sends a write twice. */
export interface PartnerClient {
  readonly partner: Partner
  readonly connection: Connection
  readonly clock: Clock
  /** Whether the connection allows a call. */
  granted(call: string): boolean
  call(call: string, given?: CallArguments, readBody?: ReadBody): Promise<Outcome>
}

/** A call was about to be sent that the connection does not grant: ask `granted` before an intent is planned. */
export class CallNotGranted extends Error {
  override readonly name = 'CallNotGranted'
}

const maxBytes = 25 * 1024 * 1024

export function createClient(partner: Partner, connection: Connection, ports: { http: Http; clock: Clock }): PartnerClient {
  const { http, clock } = ports
  const callNamed = (name: string): Call => {
    const call = partner.calls[name]
    if (call === undefined) throw new Error(`Partner '${partner.name}' declares no call '${name}'`)
    return call
  }
  const granted = (name: string) => {
    const { grant } = callNamed(name)
    return grant === undefined || connection.grants?.[grant] === true
  }

  const send = async (call: Call, given: CallArguments, readBody: ReadBody, refusedToken?: string): Promise<Outcome> => {
    const url = addressOf(connection.baseUrl, call.path, given)
    let token: string
    try {
      token = await connection.token(refusedToken)
    } catch {
      return { kind: 'not-sent', reason: 'no-token' }
    }
    let answer: HttpAnswer
    try {
      answer = await http({
        method: call.method,
        url,
        headers: {
          accept: 'application/json',
          ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...given.headers,
          authorization: `Bearer ${token}`
        },
        ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
        timeoutMs: call.timeoutMs,
        maxBytes
      })
    } catch (error) {
      return error instanceof NotSent ? { kind: 'not-sent', reason: 'unreachable' } : { kind: 'unknown', reason: 'no-answer' }
    }
    // A refused token is replaced once. A read is then asked again; sending a write again is never the client's business.
    if (answer.status === 401 && refusedToken === undefined) {
      if (call.effect === 'read') return send(call, given, readBody, token)
      await connection.token(token).catch(() => undefined)
    }
    return judge(partner, answer, readBody, clock.now())
  }

  return {
    partner,
    connection,
    clock,
    granted,
    async call(name, given = {}, readBody = readJson) {
      const call = callNamed(name)
      if (!granted(name)) {
        throw new CallNotGranted(`Connection '${connection.name}' does not grant '${call.grant}', which call '${name}' needs`)
      }
      return send(call, given, readBody)
    }
  }
}

/** What an answer means: statuses that mean the same everywhere first, then the partner's own rules. */
function judge(partner: Partner, answer: HttpAnswer, readBody: ReadBody, receivedAt: number): Outcome {
  const { status, headers } = answer
  const partnerDate = Date.parse(headers.date ?? '')
  const received = Number.isNaN(partnerDate) ? { receivedAt } : { receivedAt, partnerDate }

  if (status === 401) return { kind: 'rejected', code: 'unauthorized', status, issue: refusal('unauthorized'), ...received }
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(headers['retry-after'], receivedAt) }
  if (status === 408 || status >= 500) return { kind: 'unknown', reason: 'server-error', status }
  if (status < 200) return { kind: 'unknown', reason: 'undocumented-answer', status }
  if (status >= 300 && status < 400) return { kind: 'unknown', reason: 'redirect', status }
  if (answer.body.byteLength > maxBytes) return { kind: 'unknown', reason: 'too-large', status }

  let body: unknown
  try {
    body = answer.body.byteLength === 0 ? undefined : readBody(answer.body)
  } catch {
    return { kind: 'unknown', reason: 'unreadable', status }
  }
  const reading = partner.readAnswer({ status, headers, body } satisfies Answer)
  switch (reading.kind) {
    case 'ok':
      return { kind: 'ok', data: reading.data, text: answer.body, status, ...received }
    case 'rejected': {
      const said = reading.partnerMessage === undefined ? {} : { partnerMessage: reading.partnerMessage }
      return { kind: 'rejected', code: reading.code, status, issue: refusal(reading.code), ...said, ...received }
    }
    case 'unknown':
      return { kind: 'unknown', reason: 'undocumented-answer', status }
  }
}

function refusal(code: string) {
  return code === 'unauthorized'
    ? { code, message: 'The partner refused the token of this connection' }
    : { code, message: `The partner refused the request with its code ${code}` }
}
