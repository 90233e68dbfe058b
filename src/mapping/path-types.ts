/** Compile-time paths: which partner fields and which FHIR elements a row may name, and what type stands there. */

/** The keys that a record declares; the index signature of a loose schema is not one of them. */
export type Known<T> = keyof { [K in keyof T as string extends K ? never : number extends K ? never : K]: 1 } & string

type IsNested<T> = NonNullable<T> extends readonly unknown[] ? false : NonNullable<T> extends object ? true : false

/** Every field of a record: `case_title`, and `insurance_card.insurance_number` inside nested objects. */
export type RecordPath<S> = {
  [K in Known<S>]: IsNested<S[K]> extends true ? K | `${K}.${RecordPath<NonNullable<S[K]>>}` : K
}[Known<S>]

/** The type of the field at a record path. */
export type FieldAt<S, P extends string> = P extends `${infer H}.${infer T}`
  ? H extends keyof S
    ? FieldAt<NonNullable<S[H]>, T> | (undefined extends S[H] ? undefined : never)
    : never
  : P extends keyof S
    ? S[P]
    : never

/** A path that names no element; the text says why, where the compiler shows it. */
export interface PathError<Message extends string> {
  readonly pathError: Message
}

type ItemOf<T> = NonNullable<T> extends readonly (infer I)[] ? I : never
type Where<Before extends string> = Before extends '' ? 'the resource' : Before
type Join<A extends string, B extends string> = A extends '' ? B : `${A}.${B}`

type Step<R, Segment extends string, Slices extends string, Before extends string> = Segment extends `${infer Name}[${number}]`
  ? Name extends keyof R
    ? ItemOf<R[Name]>
    : PathError<`${Name} is not an element of ${Where<Before>}`>
  : Segment extends `${infer Name}:${string}`
    ? Name extends keyof R
      ? Name extends 'extension'
        ? ItemOf<R[Name]>
        : Join<Before, Segment> extends Slices
          ? ItemOf<R[Name]>
          : PathError<`slice ${Join<Before, Segment>} is not declared`>
      : PathError<`${Name} is not an element of ${Where<Before>}`>
    : Segment extends keyof R
      ? R[Segment]
      : PathError<`${Segment} is not an element of ${Where<Before>}`>

/**
 * The type of the element at a FHIR path such as `identifier:case.value`, `note[0].text` or `extension:spry-icd-id.valueInteger`;
 * a `PathError` where there is none. Slices other than extensions must be declared by the mapping.
 */
export type ElementAt<R, P extends string, Slices extends string, Before extends string = ''> = P extends `${infer H}.${infer T}`
  ? NonNullable<Step<R, H, Slices, Before>> extends infer Next
    ? Next extends PathError<string>
      ? Next
      : ElementAt<Next, T, Slices, Join<Before, H>>
    : never
  : Step<R, P, Slices, Before>

/** `F` where the path exists; a type that says what is wrong where it does not. */
export type ValidElement<R, F extends string, Slices extends string> =
  ElementAt<R, F, Slices> extends PathError<infer Message> ? PathError<Message> : unknown

/** The fields of `S` that `Covered` leaves out, as record paths. */
export type Uncovered<S, Covered extends string> = {
  [K in Known<S>]: K extends Covered
    ? never
    : IsNested<S[K]> extends true
      ? K extends Parents<Covered>
        ? Prefixed<K, Uncovered<NonNullable<S[K]>, Below<K, Covered>>>
        : K
      : K
}[Known<S>]

type Prefixed<K extends string, Rest> = Rest extends string ? `${K}.${Rest}` : never
type Below<K extends string, Covered extends string> = Covered extends `${K}.${infer Rest}` ? Rest : never
type Parents<Covered extends string> = Covered extends `${infer Head}.${string}` ? Head : never
