/** An entity: one record type of a partner and the mappings that together say what it means. */
import type { z } from 'zod'
import type { Mapping } from './mapping.ts'
import type { Nested } from './nested.ts'
import type { RecordPath, Uncovered } from './path-types.ts'

/** A resource that one link owns (written with PUT), or a stub that several share (created once, never overwritten). */
export type Ownership = 'owned' | 'shared'

export interface ResourcePart<Covers extends string = string> {
  readonly kind: 'resource'
  readonly mapping: Mapping<Covers>
  readonly ownership: Ownership
  readonly covers?: Covers
}

export interface NestedPart<Fields extends string = string> {
  readonly kind: 'nested'
  readonly nested: Nested
  readonly fields: readonly Fields[]
  /** Whole fields are covered by the nested entity's own totality. */
  readonly covers?: Fields
}

export type Part = ResourcePart | NestedPart

export interface Entity<Record = unknown> {
  readonly name: string
  readonly partner: string
  readonly title: string
  /** The partner document that shows the record. */
  readonly source: string
  readonly record: z.ZodObject
  /** The record's own id at the partner, as text; `undefined` when it has none and so cannot be mapped. */
  readonly key: (record: Record) => string | undefined
  /** Fields without which the record means nothing. */
  readonly required: readonly string[]
  /** Parts without whose key the record means nothing: an id that is 0 at this partner is none. */
  readonly requiredParts: readonly string[]
  /** The part that bears the record's identity. */
  readonly anchor: string
  /** When the record last changed at the partner, for choosing the newest of several copies. */
  readonly changedAt?: ((record: Record) => string | undefined) | undefined
  /** The partner keeps such records as its own master data: what FHIR says of them is reported, never written. */
  readonly masterData?: boolean | undefined
  readonly parts: Readonly<{ [name: string]: Part }>
}

/** Any entity: its functions can be called only with a record that is known to be its own. */
export type AnyEntity = Entity<never>

type PartsCover<Parts> = {
  [N in keyof Parts]: Parts[N] extends { readonly covers?: infer C } ? NonNullable<C> : never
}[keyof Parts]

/** Shown by the compiler when a field of the record is neither mapped nor kept. */
interface Unmapped<Field> {
  readonly unmapped: `${Field & string} is neither mapped nor kept with a reason`
}

/**
 * Declares an entity. A field of the record that no part maps, keeps or nests does not compile: totality is over the entity.
 */
export function entity<Schema extends z.ZodObject, const Parts extends { readonly [name: string]: Part }>(
  declaration: {
    readonly name: string
    readonly partner: string
    readonly title: string
    readonly source: string
    readonly record: Schema
    readonly key: (record: z.infer<Schema>) => string | undefined
    readonly required?: readonly RecordPath<z.infer<Schema>>[]
    readonly requiredParts?: readonly (keyof Parts & string)[]
    readonly anchor: keyof Parts & string
    readonly changedAt?: (record: z.infer<Schema>) => string | undefined
    readonly masterData?: boolean
    readonly parts: Parts
  } & ([Uncovered<z.infer<Schema>, PartsCover<Parts> & string>] extends [never]
    ? unknown
    : Unmapped<Uncovered<z.infer<Schema>, PartsCover<Parts> & string>>)
): Entity<z.infer<Schema>> {
  return { required: [], requiredParts: [], ...declaration }
}

/** A resource that the record's link owns. */
export const owned = <C extends string>(mapping: Mapping<C>): ResourcePart<C> => ({
  kind: 'resource',
  mapping,
  ownership: 'owned'
})

/** A stub that several links share. */
export const shared = <C extends string>(mapping: Mapping<C>): ResourcePart<C> => ({
  kind: 'resource',
  mapping,
  ownership: 'shared'
})

/** Fields that hold nested records (one, or a list of them). */
export const inside = <const F extends string>(nested: Nested, ...fields: F[]): NestedPart<F> => ({
  kind: 'nested',
  nested,
  fields
})
