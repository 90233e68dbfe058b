/** The mapping language: a table of rows between one record type and one resource type. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundConversion, Conversion, Scope, Unreadable } from './conversion.ts'
import type { Nested } from './nested.ts'
import type { Pattern } from './path.ts'
import type { ElementAt, FieldAt, PathError, RecordPath, ValidElement } from './path-types.ts'
import type { ComputedRow, DerivedRow, FixedRow, KeptRow, ListRow, NestedRow, Row, RowOptions, ValueRow } from './row.ts'

/** A table of rows between a record type and one resource that it becomes. */
export interface Mapping<Covers extends string = string> {
  readonly resourceType: Resource['resourceType']
  readonly title: string
  /** The path of the identifier value that the resource is found by. */
  readonly key: string
  /** Profiles that the resource claims, each when all of the named elements (if any) have a value. */
  readonly profiles: readonly { readonly url: string; readonly needs?: readonly string[] }[]
  /** The resource exists only when this list of the record has an item. */
  readonly onlyWith?: string
  readonly slices: (scope: Scope) => Readonly<Record<string, Pattern>>
  readonly rows: readonly Row[]
  readonly covers?: Covers
}

interface MappingDeclaration<Rows extends readonly Row[]> {
  readonly title: string
  readonly key: string
  readonly profiles?: Mapping['profiles']
  readonly onlyWith?: string
  readonly rows: Rows
}

type CoveredBy<Rows extends readonly Row[]> = NonNullable<Rows[number]['covers']>

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

/** A conversion may be left out only where both sides have the same type. A wrong path asks for none, so that the compiler speaks of the path. */
type How<Field, Element> = [Field] extends [never]
  ? [how?: unknown, options?: unknown]
  : [Element] extends [PathError<string>]
    ? [how?: unknown, options?: unknown]
    : Same<NonNullable<Field>, NonNullable<Element>> extends true
      ? [how?: Conversion<NonNullable<Field>, NonNullable<Element>> | RowOptions<Field>, options?: RowOptions<Field>]
      : [how: Conversion<NonNullable<Field>, NonNullable<Element>>, options?: RowOptions<Field>]

interface Fallback<Element> {
  readonly toFhir: (item: unknown) => NonNullable<Element>
  readonly toPartner: (element: NonNullable<Element>) => unknown
}

/**
 * Starts a mapping between record type `S` and resource type `R`:
 *
 *     const { mapping, pair, fixed, kept } = between<SpryCase, Condition>()('Condition', (scope) => ({
 *       'identifier:case': { system: sid(scope, 'case') },
 *     }))
 *
 * The second call names the resource type and the slices that its paths use: what an element of each slice bears beside its
 * mapped values.
 */
export function between<S, R extends Resource>() {
  return <const Slices extends Readonly<Record<string, Pattern>> = Record<never, Pattern>>(
    resourceType: R['resourceType'],
    slices: (scope: Scope) => Slices = () => ({}) as Slices
  ) => {
    type SliceId = keyof Slices & string

    /** A partner field and a FHIR element, both ways. */
    function pair<const P extends RecordPath<S>, const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      ...how: How<FieldAt<S, P>, ElementAt<R, F, SliceId>>
    ): ValueRow<P> {
      return valueRow(from, to, how)
    }

    /** A value that the partner's server assigns: carried to FHIR, never sent. */
    function readOnly<const P extends RecordPath<S>, const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      ...how: How<FieldAt<S, P>, ElementAt<R, F, SliceId>>
    ): ValueRow<P> {
      const row = valueRow(from, to, how)
      return { ...row, options: { ...row.options, write: 'never' } }
    }

    /** An element made from several fields, for reading only. */
    function computed<const P extends readonly RecordPath<S>[], const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      name: string,
      compute: (
        scope: Scope,
        ...values: { [I in keyof P]: FieldAt<S, P[I] & string> }
      ) => ElementAt<R, F, SliceId> | undefined | Unreadable,
      target?: ComputedRow['target']
    ): ComputedRow<P[number]> {
      return { kind: 'computed', from, to, name, target, compute: compute as ComputedRow['compute'] }
    }

    /** Several fields that together make one element, both ways. */
    function joined<const P extends readonly RecordPath<S>[], const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      name: string,
      functions: {
        readonly toFhir: (
          ...values: { [I in keyof P]: FieldAt<S, P[I] & string> }
        ) => ElementAt<R, F, SliceId> | undefined | Unreadable
        readonly toPartner: (value: NonNullable<ElementAt<R, F, SliceId>> | undefined) => { [K in P[number]]?: FieldAt<S, K> }
      },
      options: Pick<RowOptions, 'write' | 'rule'> = {}
    ): ValueRow<P[number]> {
      const [first, ...given] = from
      const conversion: Conversion = {
        name,
        readsAbsent: true,
        readsAnything: true,
        joins: true,
        bind: () => functions as BoundConversion
      }
      return { kind: 'value', from: first as string, to, conversion, options: { ...options, given } }
    }

    /** A constant element. */
    function fixed<const F extends string>(
      to: F & ValidElement<R, F, SliceId>,
      value: NonNullable<ElementAt<R, F, SliceId>>
    ): FixedRow {
      return { kind: 'fixed', to, value }
    }

    /** Fields that stay with the partner, and why. */
    function kept<const P extends RecordPath<S>>(reason: string, ...fields: P[]): KeptRow<P> {
      return { kind: 'kept', reason, fields }
    }

    /** A field that repeats others of the same record. */
    function derived<const P extends RecordPath<S>>(from: P, derive: (record: S) => FieldAt<S, P>): DerivedRow<P> {
      return { kind: 'derived', from, derive: derive as unknown as DerivedRow['derive'] }
    }

    /** A nested record and the reference to its resource. */
    function refersTo<const P extends RecordPath<S>, const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      nested: Nested,
      options: RowOptions<FieldAt<S, P>> & { readonly fallback?: Fallback<ElementAt<R, F, SliceId>> } = {}
    ): NestedRow<P> {
      const { fallback, ...rest } = options
      return { kind: 'nested', from, to, nested, fallback, options: rest }
    }

    /** A list of nested records and the elements that refer to them. */
    function refersToEach<const P extends RecordPath<S>, const F extends string>(
      from: P,
      to: F & ValidElement<R, F, SliceId>,
      nested: Nested,
      options: RowOptions<FieldAt<S, P>> & Pick<ListRow, 'at' | 'ordinal' | 'also'>
    ): ListRow<P> {
      const { at, ordinal, also, ...rest } = options
      return { kind: 'list', from, to, nested, at, ordinal, also, options: rest }
    }

    function mapping<const Rows extends readonly Row[]>(declaration: MappingDeclaration<Rows>): Mapping<CoveredBy<Rows>> {
      return { resourceType, slices, profiles: [], ...declaration }
    }

    return { mapping, pair, readOnly, joined, computed, fixed, kept, derived, refersTo, refersToEach }
  }
}

function valueRow<P extends string>(from: P, to: string, how: readonly unknown[]): ValueRow<P> {
  const [first, second] = how as readonly [Conversion | RowOptions | undefined, RowOptions | undefined]
  const conversion = first !== undefined && 'bind' in first ? first : undefined
  return { kind: 'value', from, to, conversion, options: (conversion ? second : (first as RowOptions | undefined)) ?? {} }
}
