import type { SearchParameter } from '../search-parameters.ts'

/** A search, read and checked: every name in it is one of ours, and every value will be bound. */
export interface SearchQuery {
  readonly resourceType: string
  /** All of these must hold. */
  readonly conditions: readonly Condition[]
  readonly sort: readonly SortRule[]
  readonly count: number
  readonly cursor?: string
  readonly total: boolean
  readonly countOnly: boolean
  readonly elements?: readonly string[]
  readonly include: readonly Include[]
  readonly revInclude: readonly Include[]
  /** Parameters that the hub does not know; the answer says so, or is an error under strict handling. */
  readonly unknown: readonly string[]
  /** What was understood, for links. */
  readonly understood: readonly (readonly [name: string, value: string])[]
}

export type Condition =
  | { readonly kind: 'id'; readonly values: readonly string[] }
  | { readonly kind: 'last-updated'; readonly values: readonly DateValue[] }
  | { readonly kind: 'missing'; readonly name: string; readonly param: SearchParameter; readonly missing: boolean }
  | { readonly kind: 'token'; readonly name: string; readonly not: boolean; readonly values: readonly TokenValue[] }
  | { readonly kind: 'text-token'; readonly tokens: readonly string[] }
  | { readonly kind: 'date'; readonly name: string; readonly values: readonly DateValue[] }
  | { readonly kind: 'string'; readonly name: string; readonly contains: boolean; readonly values: readonly string[] }
  | { readonly kind: 'chain'; readonly name: string; readonly targets: readonly ChainTarget[] }

export interface ChainTarget {
  readonly resourceType: string
  readonly condition: Condition
}

/** `system|code`; a system of undefined means any, of '' none; a code of undefined means any of that system. */
export interface TokenValue {
  readonly system: string | undefined
  readonly code: string | undefined
}

export interface DateValue {
  readonly prefix: 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'
  readonly start: number
  readonly end: number
}

export interface SortRule {
  readonly by: 'id' | 'last-updated' | 'date' | 'string'
  readonly name: string
  readonly descending: boolean
}

/** `Condition:subject:Patient` */
export interface Include {
  readonly resourceType: string
  readonly name: string
  readonly target?: string
}
