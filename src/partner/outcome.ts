/** What became of one call, as far as it can be known. Nothing here is thrown, and only `ok` carries the partner's content. */
export type Outcome = Ok | Refusal | NotSentOutcome | UnknownOutcome | Throttled

/** Everything but success. */
export type Failure = Exclude<Outcome, Ok>

export interface Ok extends Received {
  readonly kind: 'ok'
  /** The content inside the partner's envelope. */
  readonly data: unknown
  /** The whole body as it came. */
  readonly text: Uint8Array
  readonly status: number
}

/** The partner said no, in a way that its documents (or a named assumption) describe: the effect did not happen. */
export interface Refusal extends Received {
  readonly kind: 'rejected'
  /** The partner's own code, or `unauthorized`. */
  readonly code: string
  readonly status: number
  /** A fixed sentence about the refusal: may be logged and shown. */
  readonly issue: { readonly code: string; readonly message: string }
  /** The partner's own words. They may name a patient: store them encrypted or not at all, and never log them. */
  readonly partnerMessage?: string
}

/** The request certainly never reached the partner. */
export interface NotSentOutcome {
  readonly kind: 'not-sent'
  readonly reason: 'unreachable' | 'no-token'
}

/** The effect may have happened or not. */
export interface UnknownOutcome {
  readonly kind: 'unknown'
  readonly reason: UnknownReason
  readonly status?: number
}

export type UnknownReason = 'no-answer' | 'server-error' | 'redirect' | 'unreadable' | 'too-large' | 'undocumented-answer'

/** The partner asks to be left alone for a while; it did nothing. */
export interface Throttled {
  readonly kind: 'throttled'
  readonly retryAfterMs: number
}

interface Received {
  /** Our clock when the answer was complete, in milliseconds. */
  readonly receivedAt: number
  /** The partner's clock by its `Date` header, in milliseconds: what its timestamps must be compared with. */
  readonly partnerDate?: number
}

/** A partner's answer after the JSON was read; `body` is undefined when there was none. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What an answer says by the partner's rules. `unknown` for everything that the rules do not cover. */
export type Reading =
  | { readonly kind: 'ok'; readonly data: unknown }
  | { readonly kind: 'rejected'; readonly code: string; readonly partnerMessage?: string }
  | { readonly kind: 'unknown' }

/** A partner's rules for answers. Asked for statuses 2xx and 4xx other than 401, 408 and 429, which mean the same everywhere. */
export type ReadAnswer = (answer: Answer) => Reading
