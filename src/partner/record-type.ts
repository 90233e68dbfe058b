import type { ZodType } from 'zod'
import type { CallArguments } from './call.ts'

/**
 * What a listing's order and times are worth: `none` means that only complete sweeps find changes; `coarse-time` that times are
 * too rough or too late to rely on, so sweeps go on beside them; `monotonic` that no change is ever filed before an earlier one;
 * `events` that every change is told.
 */
export type CursorTrust = 'none' | 'coarse-time' | 'monotonic' | 'events'

/** A kind of record at a partner, and the calls that read and write it. */
export interface RecordType<R = unknown> {
  readonly schema: ZodType<R>
  /** The field that holds the partner's key of a record. */
  readonly key: string
  readonly trust: CursorTrust
  readonly list?: Listing
  readonly read?: RecordRead
  readonly create?: RecordWrite<R>
  /** A whole-value write: only after a fresh read. */
  readonly update?: RecordWrite<R>
}

/** How a record is read by its key. */
export interface RecordRead {
  readonly call: string
  path(key: string): Readonly<Record<string, string>>
}

/** How a record is written: the request that says what the record says, or the reasons why there is none. */
export interface RecordWrite<R> {
  readonly call: string
  path?(key: string): Readonly<Record<string, string>>
  request(record: R, known: KnownToConnection): RequestOrIssues
  /** Fills in what only the partner knows (ids of its catalogues), by reading it. What it cannot find stays as it is. */
  complete?(record: R, ask: AskPartner): Promise<R>
  /** Reads what the account allows, for the checks of `request`. */
  known?(ask: AskPartner): Promise<KnownToConnection>
  /** Filters of the listing that an earlier copy of this record would be in. */
  scope?(record: R): Readonly<Record<string, string>>
  /** Whether a record at the partner may be this one, created before: then a person decides and nothing is created. */
  resembles?(record: R, candidate: R): boolean
}

/** Reads something of the partner; `undefined` when it could not be had. */
export type AskPartner = (call: string, given: CallArguments) => Promise<unknown>

/** What a connection has learnt about the partner's account, for checks before a write; absent means not known. */
export interface KnownToConnection {
  /** Values that a field may take in this account, by field name. */
  readonly allowed?: Readonly<Record<string, readonly string[]>>
}

export type RequestOrIssues =
  | { readonly kind: 'request'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'issues'; readonly issues: readonly RequestIssue[] }

/** Why a record cannot be written: never holds a value of the record. */
export interface RequestIssue {
  /** Path in the record, as `icd_codes[0].id`. */
  readonly path: string
  readonly code: 'required' | 'missing-reference' | 'unmapped-code' | 'invalid-content'
  readonly message: string
}

/** What a listing is asked for. */
export interface ListingAsk {
  /** Only records changed at or after this literal (in the partner's form), where the listing can filter so. */
  readonly since?: string
  /** Further filters by name; each must be among the listing's `filters`. */
  readonly filters?: Readonly<Record<string, string>>
}

/** How a listing is paged. A position names a page and can be stored: a page number, a token, or a link. */
export interface Listing {
  readonly call: string
  /** Where the array of records is in an answer, as `['data', 'cases']`. */
  readonly records: readonly string[]
  /** What the listing can filter by; `since` where it knows times of change. */
  readonly filters: readonly string[]
  /** The query for a page; `position` is undefined for the first. Not asked when the position is a link. */
  query(ask: ListingAsk, position: string | undefined): Readonly<Record<string, string>>
  /** The position after this page, or undefined at the end. `envelope` is the answer with its array emptied. */
  next(envelope: unknown, position: string | undefined, count: number): string | undefined
  /** How many records the whole listing has, where the partner says it. */
  total?(envelope: unknown): number | undefined
  /** Writes a time (milliseconds) in the form that `since` takes; given where the listing filters by it. */
  timeLiteral?(millis: number): string
  /** Positions are URLs that the partner gave: followed only on the connection's own origin. */
  readonly followsLinks?: boolean
}
