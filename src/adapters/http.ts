import { Agent, type Dispatcher } from 'undici'
import { type Http, type HttpAnswer, type HttpRequest, NotSent, OutcomeUnknown } from '../ports.ts'

/** The network, through undici: one exchange per call, never sent twice, redirects not followed. */
export interface RealHttp {
  readonly http: Http
  /** Ends idle connections and waits for open exchanges. */
  close(): Promise<void>
}

export function createHttp(): RealHttp {
  // The timeout is over the whole exchange and kept below, so undici's own per-phase timeouts are off.
  const common: Agent.Options = { headersTimeout: 0, bodyTimeout: 0, allowH2: false, connect: { timeout: 10_000 } }
  const reads = new Agent(common)
  // A kept connection may be closed by the other side just as we write to it, and then nobody knows whether the request was
  // read. For a GET that is harmless; everything else gets a connection of its own.
  const writes = new Agent({ ...common, pipelining: 0 })
  return {
    http: (request) => exchange(request.method === 'GET' ? reads : writes, request),
    close: async () => {
      await Promise.all([reads.close(), writes.close()])
    }
  }
}

const defaultMaxBytes = 25 * 1024 * 1024

async function exchange(agent: Agent, request: HttpRequest): Promise<HttpAnswer> {
  const where = `${request.method} ${originOf(request.url)}`
  let isBegun = false
  const onBegin = () => {
    isBegun = true
  }
  try {
    const signal = AbortSignal.timeout(request.timeoutMs)
    const answering = agent.compose(whenBegun(onBegin)).request({
      method: request.method,
      ...splitUrl(request.url),
      headers: request.headers ?? {},
      body: request.body ?? null,
      signal
    })
    // While it connects, undici only notes the abort (and then never writes): it would keep us until the connection is there.
    const answer = await Promise.race([answering, aborted(signal)])
    const body = await readBody(answer.body, Number(answer.headers['content-length'] ?? 0), request.maxBytes ?? defaultMaxBytes)
    return { status: answer.statusCode, headers: plainHeaders(answer.headers), body }
  } catch (cause) {
    // Messages of foreign errors may quote what was sent: only their code is repeated.
    const what = `${where}: ${codeOf(cause)}`
    if (isBegun) throw new OutcomeUnknown(`${what}; the request may have taken effect`, { cause })
    throw new NotSent(`${what}; the request was not sent`, { cause })
  }
}

/** Tells when undici begins to write the request, which it does only on a connection that stands (TLS included). */
function whenBegun(onBegin: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        handler.onRequestStart?.(controller, context)
        if (!controller.aborted) onBegin()
      },
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args)
    })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

class AnswerTooLong extends Error {
  readonly code = 'ANSWER_TOO_LONG'
}

async function readBody(stream: Dispatcher.ResponseData['body'], announced: number, maxBytes: number): Promise<Uint8Array> {
  if (announced > maxBytes) {
    stream.on('error', () => {}).destroy()
    throw new AnswerTooLong(`the answer has more than ${maxBytes} bytes`)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > maxBytes) throw new AnswerTooLong(`the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function splitUrl(url: string): { origin: string; path: string } {
  const { protocol, origin, pathname, search } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError('Not an http url')
  return { origin, path: pathname + search }
}

/** Paths and queries carry ids of patients, so messages name the host only. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'an invalid url'
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)])
  )
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'TIMEOUT'
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'an unknown error'
}
