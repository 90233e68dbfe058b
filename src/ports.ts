/**
 * The outside world as the core sees it. Everything below `main.ts` receives these as arguments, so that a simulation can own
 * time, chance and the network. The real ones live in `src/adapters/`; nothing else may touch a clock, a timer, randomness or `fetch`.
 */

/** Wall-clock time and waiting. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** New identifiers: a UUID (lower case, with dashes), never the same twice. */
export type NewId = () => string

/** A number in [0, 1). */
export type Random = () => number

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Give up after this many milliseconds and destroy the socket; the outcome is then unknown. */
  readonly timeoutMs: number
  /** Refuse answers with a longer body. */
  readonly maxBytes?: number
}

export interface HttpAnswer {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * One HTTP exchange without any retry. Rejects with `NotSent` when the request certainly never left (DNS failure, refused
 * connection, failed TLS handshake) and with `OutcomeUnknown` for every other failure (reset, timeout, cut body).
 */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>

/** The request never reached the other side: it is safe to send it again. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
}

/** The request may or may not have taken effect: sending it again could do it twice. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}

/** All ports together, as `main.ts` hands them on. */
export interface Ports {
  readonly clock: Clock
  readonly newId: NewId
  readonly random: Random
  readonly http: Http
}
