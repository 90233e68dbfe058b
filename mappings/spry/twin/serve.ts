import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../src/ports.ts'
import type { Fault } from './faults.ts'
import { failed, type Reply } from './reply.ts'

const maxBytes = 10 * 1024 * 1024

export async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new Error('The request body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Answers a call of Spry's API, or fails as the fault has it; `effect` makes the reply and does what the call does. */
export async function serveCall(
  response: ServerResponse,
  fault: Fault | undefined,
  effect: () => Reply,
  clock: Clock
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(response, effect())
    case 'delay':
      await clock.sleep(fault.ms ?? 1000)
      return send(response, effect())
    case 'drop-request':
      response.destroy()
      return
    case 'drop-response':
      effect()
      response.destroy()
      return
    case 'late':
      response.destroy()
      await clock.sleep(fault.ms ?? 1000)
      effect()
      return
    case 'reset':
      return resetInTheMiddle(response, effect())
    case 'truncated': {
      const whole = jsonOf(effect().body)
      return sendBytes(response, 200, {}, whole.subarray(0, whole.length >> 1))
    }
    case '500':
      return send(response, failed)
    case '502-after-effect':
      effect()
      return sendBytes(response, 502, { 'content-type': 'text/html' }, Buffer.from('<html>Bad gateway</html>'))
    case '429': {
      const headers = { 'retry-after': String(Math.ceil((fault.ms ?? 1000) / 1000)) }
      return send(response, { status: 429, body: { code: 4290, message: 'Too many requests' }, headers })
    }
    case '200-error':
      return send(response, { status: 200, body: { code: fault.code ?? 4001, message: 'Refused' } })
  }
}

export function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  sendBytes(response, status, { ...headers, 'content-type': 'application/json' }, jsonOf(body))
}

function sendBytes(response: ServerResponse, status: number, headers: Record<string, string>, bytes: Buffer): void {
  response.writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes)
}

function resetInTheMiddle(response: ServerResponse, { status, body }: Reply): void {
  const whole = jsonOf(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': whole.length })
  response.write(whole.subarray(0, whole.length >> 1), () => response.socket?.resetAndDestroy())
}

const jsonOf = (body: unknown) => Buffer.from(body === undefined ? '' : JSON.stringify(body))
