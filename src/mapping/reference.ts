/**
 * References between resources that may not exist yet. Inside a mapping a reference is the conditional reference
 * `Type?identifier=<system>|<value>`; a bundle turns it into `urn:uuid:`, the hub into `Type/<id>`.
 */
import type { Reference, Resource } from '@medplum/fhirtypes'
import { type BoundConversion, type Conversion, type Scope, sid, Unreadable } from './conversion.ts'

/** The key of a resource: how it is found before it has an id. */
export const keyOf = (type: string, system: string, value: string): string => `${type}?identifier=${system}|${value}`

/** Takes a key apart, or gives `undefined` for any other reference. */
export function parseKey(key: string): { type: string; system: string; value: string } | undefined {
  const mark = key.indexOf('?identifier=')
  if (mark < 0) return undefined
  const bar = key.indexOf('|', mark)
  if (bar < 0) return undefined
  return { type: key.slice(0, mark), system: key.slice(mark + 12, bar), value: key.slice(bar + 1) }
}

type ReferenceTo<T extends Resource['resourceType']> = Reference<Extract<Resource, { resourceType: T }>>

function bindReference<T extends Resource['resourceType'], A extends string | number>(
  type: T,
  kind: string,
  read: (text: string) => A | Unreadable
) {
  return (scope: Scope): BoundConversion<A, ReferenceTo<T>> => {
    const prefix = keyOf(type, sid(scope, kind), '')
    return {
      toFhir: (value) => (value === 0 ? undefined : { reference: `${prefix}${value}` }),
      toPartner: (value) =>
        value.reference?.startsWith(prefix)
          ? read(value.reference.slice(prefix.length))
          : new Unreadable(`the ${type} has no identifier of kind ${kind}`, 'missing-reference')
    }
  }
}

/** A partner's integer id ⇄ a reference to the resource that bears it. 0 means none. */
export const referenceById = <T extends Resource['resourceType']>(type: T, kind: string): Conversion<number, ReferenceTo<T>> => ({
  name: `reference to ${type} by ${kind}`,
  target: { type, kind },
  bind: bindReference(type, kind, (text) =>
    /^-?\d{1,15}$/.test(text) ? Number(text) : new Unreadable('the identifier is not a whole number')
  )
})

/** A partner's text id ⇄ a reference to the resource that bears it. */
export const referenceByKey = <T extends Resource['resourceType']>(
  type: T,
  kind: string
): Conversion<string, ReferenceTo<T>> => ({
  name: `reference to ${type} by ${kind}`,
  target: { type, kind },
  bind: bindReference(type, kind, (text) => text)
})
