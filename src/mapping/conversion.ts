/**
 * A conversion is a value written two ways. Its law: `toPartner(toFhir(a))` is `a` for every `a` in the form the partner documents,
 * and what FHIR cannot hold of other forms is said in `loses`. A value it cannot read is an `Unreadable`, never a default, never a throw.
 */

/** What a mapping may know of where it runs; fixed when an entity is bound to a connection. */
export interface Scope {
  /** The connection's name: part of every identifier system, so that two accounts of one partner never share a key. */
  readonly connection: string
  /** Zone of the partner's clinical times that carry none, e.g. `America/Denver`. */
  readonly serviceTimeZone?: string
}

/** One constant for all urls that are ours to define. */
export const BASE = 'https://fhir.example.org'
export const extensionUrl = (name: string): string => `${BASE}/StructureDefinition/${name}`
export const codeSystem = (name: string): string => `${BASE}/CodeSystem/${name}`
export const partnerUrl = (partner: string): string => `${BASE}/partner/${partner}`
/** The identifier system of one kind of id within a connection: `…/sid/spry/case`. */
export const sid = (scope: Scope, kind: string): string => `${BASE}/sid/${scope.connection}/${kind}`

/** Codes of `cs:sync-issue`: why a value or a write waits. */
export type IssueCode =
  | 'unsupported-write'
  | 'partner-read-only'
  | 'conflict'
  | 'unmapped-code'
  | 'missing-reference'
  | 'withheld'
  | 'locked'
  | 'invalid-content'

/** A value that a conversion cannot read. The message never repeats the value, which may be about a patient. */
export class Unreadable {
  readonly code: IssueCode
  readonly message: string
  /** What stands in FHIR meanwhile, where the element is required and the specification names a fallback. */
  readonly fallback: unknown
  constructor(message: string, code: IssueCode = 'invalid-content', fallback?: unknown) {
    this.message = message
    this.code = code
    this.fallback = fallback
  }
}

/** The two functions of a conversion, bound to a connection. */
export interface BoundConversion<A = unknown, B = unknown> {
  toFhir(value: A, ...given: readonly unknown[]): B | undefined | Unreadable
  toPartner(value: B): A | undefined | Unreadable
}

export interface Conversion<A = unknown, B = unknown> {
  /** Shown in the documentation. */
  readonly name: string
  bind(scope: Scope): BoundConversion<A, B>
  /** For a reference: the resource type and the kind of id it is found by. */
  readonly target?: { readonly type: string; readonly kind: string }
  /** For codes: partner code, FHIR code. Part of the mapping's version. */
  readonly table?: readonly (readonly [partner: string, fhir: string])[]
  /** FHIR values (or partner forms) that do not come back as they were. */
  readonly loses?: readonly string[]
  /** Accepts partner values of any type and judges them itself. */
  readonly readsAnything?: boolean
  /** Is asked even when the partner field is missing, null or empty. */
  readonly readsAbsent?: boolean
  /** Makes one element of several fields; `toPartner` gives an object of all of them. */
  readonly joins?: boolean
}

/** A conversion that is the same for every connection. */
export function conversion<A, B>(
  name: string,
  functions: BoundConversion<A, B>,
  more: Omit<Conversion<A, B>, 'name' | 'bind'> = {}
): Conversion<A, B> {
  return { name, bind: () => functions, ...more }
}

export class TableCannotReturn extends Error {
  override readonly name = 'TableCannotReturn'
}

/**
 * A table of codes, one list for both directions. Two partner codes with one FHIR code (or the reverse) cannot come back and are
 * refused here, unless `alsoFromFhir` says what a further FHIR code means to the partner; that loss is then on record.
 */
export function codes<const A extends string, const B extends string, const M extends string = never>(
  name: string,
  table: readonly (readonly [A, B])[],
  alsoFromFhir: Readonly<Record<M, A>> = {} as Readonly<Record<M, A>>
): Conversion<string, B | M> {
  const forward = new Map<string, B>(table)
  const backward = new Map<string, A>(table.map(([partner, fhir]) => [fhir, partner]))
  if (forward.size !== table.length || backward.size !== table.length) {
    throw new TableCannotReturn(`${name}: a code stands twice, so the table cannot come back; name one of them in alsoFromFhir`)
  }
  const extra = Object.entries(alsoFromFhir) as [M, A][]
  for (const [fhir, partner] of extra) {
    if (!forward.has(partner))
      throw new TableCannotReturn(`${name}: ${fhir} means ${partner}, which is not in the table; add it there`)
    if (backward.has(fhir)) throw new TableCannotReturn(`${name}: ${fhir} is in the table and in alsoFromFhir; keep one`)
    backward.set(fhir, partner)
  }
  return {
    name,
    table,
    loses: extra.map(([fhir, partner]) => `FHIR ${fhir} is ${partner} at the partner and comes back as ${forward.get(partner)}`),
    bind: () => ({
      toFhir: (value) => forward.get(value) ?? new Unreadable(`${shown(value)} is not in ${name}`, 'unmapped-code'),
      toPartner: (value) =>
        backward.get(value) ?? new Unreadable(`${shown(value)} cannot be expressed in ${name}`, 'unmapped-code')
    })
  }
}

/** A code may be shown in a message; anything that does not look like one may be a person's words and is not. */
function shown(value: unknown): string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,31}$/.test(value) ? `'${value}'` : 'this value'
}

/** Control characters that no FHIR string may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for
export const notFhirText = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** Text as it is. What FHIR strings cannot hold stays with the partner. */
export function readText(value: string): string | undefined | Unreadable {
  if (holdsControl(value)) return new Unreadable('holds control characters that a FHIR string may not')
  if (value.charCodeAt(0) <= 32 && value.trim() === '') return undefined
  return value
}

/** `notFhirText`, without the cost of entering a regular expression for texts that are mostly short. */
function holdsControl(text: string): boolean {
  if (text.length > 64) return notFhirText.test(text)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 32 && unit !== 9 && unit !== 10 && unit !== 13) return true
  }
  return false
}

const codePattern = /^[^\s]+( [^\s]+)*$/

/** Whether a text has the form of a FHIR code. */
export const isCode = (text: string): boolean => codePattern.test(text) && !notFhirText.test(text)

/** A code as it is, any code allowed. */
export const code: Conversion<string, string> = conversion('code as it is', {
  toFhir: (value) => (isCode(value) ? value : new Unreadable('is not a code')),
  toPartner: (value) => value
})

/** An integer id on the partner's side, a string in FHIR; 0 means none. */
export const idText: Conversion<number, string> = conversion('id as text', {
  toFhir(value) {
    if (value === 0) return undefined
    return Number.isSafeInteger(value) ? String(value) : new Unreadable('is not a whole number')
  },
  toPartner: (value) => (/^-?\d{1,15}$/.test(value) ? Number(value) : new Unreadable('is not a whole number'))
})

/** A conversion to an element that FHIR requires: `missing` stands there when the partner has no value, or none that can be read. */
export function required<A, B>(inner: Conversion<A, B>, missing: B): Conversion<A, B> {
  return {
    ...inner,
    readsAbsent: true,
    bind(scope) {
      const functions = inner.bind(scope)
      return {
        toFhir(value: A | null | undefined | '') {
          if (value === undefined || value === null || value === '') return missing
          const made = functions.toFhir(value)
          return made instanceof Unreadable ? new Unreadable(made.message, made.code, missing) : made
        },
        toPartner: (value) => functions.toPartner(value)
      }
    }
  }
}
