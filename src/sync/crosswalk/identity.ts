/**
 * Who is who. A partner's patient is the hub Patient that bears `sid/<connection>/patient`, and the same for practitioners. That is
 * asserted by people and systems (crosswalk.ts), never guessed from what two persons have in common.
 */
import type { Identifier, Resource } from '@medplum/fhirtypes'
import { BASE, keyOf, parseKey, sid } from '#mapping'

/** The kinds of ids that people have at partners, and the type of resource that bears each. */
export const identityTypes = { patient: 'Patient', user: 'Practitioner', 'referring-physician': 'Practitioner' } as const
export type IdentityKind = keyof typeof identityTypes

/** A person's id at a partner. */
export interface Identity {
  readonly connection: string
  readonly kind: IdentityKind
  readonly partnerId: string
}

export type Stored = Resource & { id: string }
type Person = Stored & { identifier?: Identifier[] }

export const isIdentityKind = (kind: string): kind is IdentityKind => Object.hasOwn(identityTypes, kind)

export const identifierOf = ({ connection, kind, partnerId }: Identity) => ({
  system: sid({ connection }, kind),
  value: partnerId
})

export const lookupOf = (identity: Identity) => ({ resourceType: identityTypes[identity.kind], ...identifierOf(identity) })

export function keyOfIdentity(identity: Identity): string {
  const { resourceType, system, value } = lookupOf(identity)
  return keyOf(resourceType, system, value)
}

/** The systems of all identities, as SQL's SIMILAR TO has it; of one connection, or of all. */
export const identitySystems = (connection = '[^/]+') => `${BASE}/sid/${connection}/(${Object.keys(identityTypes).join('|')})`

/** The identity that an identifier of a resource of this type is, if it is one. */
export function identityOf(resourceType: string, system: string | undefined, value: string | undefined): Identity | undefined {
  const [, connection, kind] = new RegExp(`^${BASE}/sid/([^/]+)/([^/]+)$`).exec(system ?? '') ?? []
  if (!connection || !kind || !isIdentityKind(kind) || !value || identityTypes[kind] !== resourceType) return undefined
  return { connection, kind, partnerId: value }
}

/** The same for a key: `Patient?identifier=…/sid/spry/patient|1172416`. */
export function identityOfKey(key: string): Identity | undefined {
  const parts = parseKey(key)
  return parts && identityOf(parts.type, parts.system, parts.value)
}

export function identitiesOf(resource: Resource): Identity[] {
  return ((resource as Person).identifier ?? []).flatMap(
    ({ system, value }) => identityOf(resource.resourceType, system, value) ?? []
  )
}

/** Whether the engine made it, because a record of the partner needed it. */
export const isEngineMade = (resource: Resource): boolean => resource.meta?.source?.startsWith(`${BASE}/partner/`) ?? false

const ofStub = new Set(['resourceType', 'id', 'meta', 'identifier'])

/** A stub says nothing of a person but the ids at partners. What an EHR has added anything to is a stub no longer. */
export function isStub(resource: Resource): boolean {
  const { length } = (resource as Person).identifier ?? []
  return (
    isEngineMade(resource) && Object.keys(resource).every((name) => ofStub.has(name)) && identitiesOf(resource).length === length
  )
}

export const refOf = (reference: string) => ({
  resourceType: reference.slice(0, reference.indexOf('/')),
  id: reference.slice(reference.indexOf('/') + 1)
})
