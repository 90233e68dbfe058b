/** The lines of a mapping, as data. Every interpreter (to FHIR, to the partner, documentation, lineage) reads these and nothing else. */
import type { Conversion, Scope, Unreadable } from './conversion.ts'
import type { Nested } from './nested.ts'

/** When a row may be written to the partner: on create and update, on create only, never (assigned by the partner's server). */
export type Write = 'always' | 'on-create' | 'never'

/** What decides when both sides changed a row to different values. */
export type Rule = 'human' | 'partner' | 'fhir' | 'latest' | 'prefer-unless-blank' | 'append-only' | 'immutable-after-signature'

interface Common<From extends string> {
  /** Partner fields of this row; a type-level record of what the mapping covers. */
  readonly covers?: From
}

/** One partner field and one FHIR element. */
export interface ValueRow<From extends string = string> extends Common<From> {
  readonly kind: 'value'
  readonly from: string
  readonly to: string
  readonly conversion?: Conversion | undefined
  readonly options: RowOptions
}

/** An element made from several partner fields, for reading only: a key, a reference that depends on something else. */
export interface ComputedRow<From extends string = string> extends Common<From> {
  readonly kind: 'computed'
  readonly from: readonly string[]
  readonly to: string
  readonly name: string
  readonly target?: { readonly type: string; readonly kind: string } | undefined
  readonly compute: (scope: Scope, ...values: never[]) => unknown | Unreadable
}

/** An element that is the same in every resource of this mapping. Written when we create the resource, then the EHR's to change. */
export interface FixedRow extends Common<never> {
  readonly kind: 'fixed'
  readonly to: string
  readonly value: unknown
}

/** Partner fields that FHIR does not get, and why. They stay in the base. */
export interface KeptRow<From extends string = string> extends Common<From> {
  readonly kind: 'kept'
  readonly reason: string
  readonly fields: readonly string[]
}

/** A partner field that repeats other fields of the record; rebuilt when they change. */
export interface DerivedRow<From extends string = string> extends Common<From> {
  readonly kind: 'derived'
  readonly from: string
  readonly derive: (record: Record<string, unknown>) => unknown
}

/** A nested record with resources of its own, and the reference to it. */
export interface NestedRow<From extends string = string> extends Common<From> {
  readonly kind: 'nested'
  readonly from: string
  readonly to: string
  readonly nested: Nested
  /** What stands in the reference's place when the nested record has no id. */
  readonly fallback?: { readonly toFhir: (item: unknown) => unknown; readonly toPartner: (element: never) => unknown } | undefined
  readonly options: RowOptions
}

/** A list of nested records ⇄ the elements that refer to them, aligned by key. */
export interface ListRow<From extends string = string> extends Common<From> {
  readonly kind: 'list'
  readonly from: string
  readonly to: string
  readonly nested: Nested
  /** Where in an element the reference stands. */
  readonly at: string
  /** Where in an element its place in the list stands, counted from 1. */
  readonly ordinal?: string | undefined
  /** A field of the item that belongs to the list's element, not to the item's own resource. */
  readonly also?: { readonly from: string; readonly to: string; readonly conversion: Conversion } | undefined
  readonly options: RowOptions
}

export interface RowOptions<Absent = unknown> {
  /** What the partner record holds when FHIR has no value; without it the key is left out. */
  readonly absent?: Absent
  /** A second name of the field, seen in other shapes of the record. */
  readonly alias?: string
  /** Further fields that the conversion looks at. */
  readonly given?: readonly string[]
  readonly write?: Write
  readonly rule?: Rule
}

export type Row<From extends string = string> =
  | ValueRow<From>
  | ComputedRow<From>
  | FixedRow
  | KeptRow<From>
  | DerivedRow<From>
  | NestedRow<From>
  | ListRow<From>

/** A row that stands between a partner field and an element, and so can differ, conflict and be explained. */
export type LivingRow = ValueRow | ComputedRow | NestedRow | ListRow

export const isLiving = (row: Row): row is LivingRow =>
  row.kind === 'value' || row.kind === 'computed' || row.kind === 'nested' || row.kind === 'list'

/** The partner fields of a row, for people. */
export function fieldsOf(row: Row): readonly string[] {
  switch (row.kind) {
    case 'fixed':
      return []
    case 'kept':
      return row.fields
    case 'computed':
      return row.from
    case 'value':
      return row.conversion?.joins ? [row.from, ...(row.options.given ?? [])] : [row.from]
    default:
      return [row.from]
  }
}

/** When a row may be written to the partner. */
export const writeOf = (row: LivingRow): Write => (row.kind === 'computed' ? 'never' : (row.options.write ?? 'always'))

/** What decides a row that both sides changed: the server that assigns a value speaks for it, else a person. */
export const ruleOf = (row: LivingRow): Rule =>
  row.kind === 'computed' ? 'partner' : (row.options.rule ?? (writeOf(row) === 'never' ? 'partner' : 'human'))
