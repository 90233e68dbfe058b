/**
 * What may be believed after an effect whose outcome is unknown:
 * `read` has no effect; `idempotent` is sent again; `revealed` shows in the parent, which is read; `lookup` is looked for in a
 * complete listing; `blind` can neither be seen nor repeated, so a person decides.
 */
export type EffectClass = 'read' | 'idempotent' | 'revealed' | 'lookup' | 'blind'

/** A thing that the partner's documents do not say and that we had to suppose; all of a partner's are in one list. */
export interface Assumption {
  readonly name: string
  readonly assumed: string
  readonly why: string
  /** The question that would settle it. */
  readonly ask: string
}

/** Where a call comes from: a page of the partner's documents, or one of the partner's assumptions by its name. */
export type CallSource =
  | { readonly kind: 'documented'; readonly where: string }
  | { readonly kind: 'assumed'; readonly assumption: string }

/** One thing that a partner's API can be asked to do. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path below the connection's base URL; `{name}` is filled from the call's `path` arguments. */
  readonly path: string
  readonly source: CallSource
  readonly effect: EffectClass
  /** Cannot be taken back (it bills, it signs): must name a `grant`. */
  readonly irreversible?: boolean
  /** Refused unless the connection grants this by name, as `allowUpdate`. */
  readonly grant?: string
  readonly timeoutMs: number
}

/** What a call is given: values for its path, its query, and a body that is sent as JSON. */
export interface CallArguments {
  readonly path?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Further headers, as `if-match`; never the authorization. */
  readonly headers?: Readonly<Record<string, string>>
  /** A link that the partner gave, instead of path and query; must be on the connection's origin. */
  readonly link?: string
}
