/** Resources in which references are already keys, so that mappings can follow them without knowing where the resources lie. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity } from './bind.ts'
import { keyOf } from './reference.ts'
import type { Piece } from './to-fhir.ts'

export interface Pool {
  /** The resource with this key; its references are keys too. */
  get(key: string): Resource | undefined
  readonly keys: Iterable<string>
}

/** A resource and the names by which others refer to it: `urn:uuid:…`, `Condition/<id>`. */
export interface Named {
  readonly names: readonly string[]
  readonly resource: Resource
}

/** The key by which an entity knows a resource: that of its identifiers whose system the entity uses. */
export function knownKey(bound: BoundEntity, resource: Resource): string | undefined {
  const systems = bound.systems.get(resource.resourceType)
  if (!systems) return undefined
  const identifiers = (resource as { identifier?: { system?: string; value?: string }[] }).identifier
  if (!Array.isArray(identifiers)) return undefined
  for (const system of systems) {
    const found = identifiers.find((one) => one.system === system && one.value !== undefined)
    if (found) return keyOf(resource.resourceType, system, found.value as string)
  }
  return undefined
}

/**
 * Makes a pool of resources as they lie in a bundle or in the hub. `known` says which keys the ledger has for names; a resource
 * without a key keeps its first name as one, so a Condition that an EHR made is `Condition/<id>` until the partner knows it.
 */
export function poolOf(bound: BoundEntity, named: Iterable<Named>, known: ReadonlyMap<string, string> = new Map()): Pool {
  const list = [...named]
  const keyOfName = new Map<string, string>(known)
  const keys: string[] = []
  for (const { names, resource } of list) {
    const fromLedger = names.map((name) => known.get(name)).find((key) => key !== undefined)
    const key = fromLedger ?? knownKey(bound, resource) ?? (names[0] as string)
    keys.push(key)
    for (const name of names) keyOfName.set(name, key)
  }
  const byKey = new Map<string, Resource>()
  list.forEach(({ resource }, index) => {
    const key = keys[index] as string
    if (!byKey.has(key)) byKey.set(key, withKeys(resource, keyOfName) as Resource)
  })
  return { get: (key) => byKey.get(key), keys: byKey.keys() }
}

/** A pool of what a mapping just made. */
export function poolOfPieces(pieces: readonly Piece[]): Pool {
  const byKey = new Map(pieces.map((piece) => [piece.key, piece.resource]))
  return { get: (key) => byKey.get(key), keys: byKey.keys() }
}

/** A copy in which every reference is reduced to its key. */
export function withKeys(value: unknown, keyOfName: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withKeys(item, keyOfName))
  if (value === null || typeof value !== 'object') return value
  const { reference } = value as { reference?: unknown }
  if (typeof reference === 'string') return { reference: keyOfName.get(withoutVersion(reference)) ?? withoutVersion(reference) }
  const copy: Record<string, unknown> = {}
  for (const name in value) copy[name] = withKeys((value as Record<string, unknown>)[name], keyOfName)
  return copy
}

const withoutVersion = (reference: string): string => {
  const at = reference.indexOf('/_history/')
  return at < 0 ? reference : reference.slice(0, at)
}
