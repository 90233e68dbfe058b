/** Mapped resources as a FHIR transaction Bundle, and a Bundle as a pool. */
import { createHash } from 'node:crypto'
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import type { BoundEntity } from './bind.ts'
import { BASE } from './conversion.ts'
import { knownKey, type Named } from './pool.ts'
import { parseKey } from './reference.ts'
import type { Piece } from './to-fhir.ts'

function uuid5(namespace: Uint8Array, name: string): Buffer {
  const digest = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  digest[6] = ((digest[6] as number) & 0x0f) | 0x50
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80
  return digest
}

/** The URL namespace of RFC 9562, and ours within it. */
const namespace = uuid5(Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex'), BASE)

/** The name of a resource within bundles: the same key gives the same urn everywhere. */
export function urnOf(key: string): string {
  const parts = parseKey(key)
  const hex = uuid5(namespace, parts ? `${parts.type}|${parts.system}|${parts.value}` : key).toString('hex')
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * A transaction that makes the hub, or any FHIR server, agree with the record: owned resources are updated by their key, shared
 * ones created only if they are missing.
 */
export function toBundle(pieces: readonly Piece[]): Bundle {
  const urns = new Map(pieces.map((piece) => [piece.key, urnOf(piece.key)]))
  return { resourceType: 'Bundle', type: 'transaction', entry: pieces.map((piece) => entryOf(piece, urns)) }
}

function entryOf(piece: Piece, urns: ReadonlyMap<string, string>): BundleEntry {
  const { key, ownership } = piece
  const type = piece.resource.resourceType
  return {
    fullUrl: urns.get(key) as string,
    resource: withUrns(piece.resource, urns) as Resource,
    request:
      ownership === 'owned' ? { method: 'PUT', url: key } : { method: 'POST', url: type, ifNoneExist: key.slice(type.length + 1) }
  }
}

/** References to resources in the bundle by urn; to others by conditional reference, with type and identifier beside it. */
function withUrns(value: unknown, urns: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withUrns(item, urns))
  if (value === null || typeof value !== 'object') return value
  const { reference } = value as { reference?: unknown }
  if (typeof reference === 'string') {
    const urn = urns.get(reference)
    const parts = urn ? undefined : parseKey(reference)
    if (urn) return { ...value, reference: urn }
    return parts ? { ...value, type: parts.type, identifier: { system: parts.system, value: parts.value } } : value
  }
  const copy: Record<string, unknown> = {}
  for (const name in value) copy[name] = withUrns((value as Record<string, unknown>)[name], urns)
  return copy
}

/** The resources of a bundle with the names that references in it use. */
export function namedInBundle(bundle: Bundle): Named[] {
  return (bundle.entry ?? []).flatMap(({ fullUrl, resource, request }) => {
    if (!resource) return []
    const names: string[] = []
    if (fullUrl) names.push(fullUrl)
    if (resource.id) names.push(`${resource.resourceType}/${resource.id}`)
    if (request?.url.includes('?identifier=')) names.push(request.url)
    if (request?.ifNoneExist?.startsWith('identifier=')) names.push(`${resource.resourceType}?${request.ifNoneExist}`)
    return names.length > 0 ? [{ names, resource }] : [{ names: [urnOf(JSON.stringify(resource))], resource }]
  })
}

/** The key of the one resource in the list that an entity's record hangs on; a message for a person when there is not exactly one. */
export function findAnchor(bound: BoundEntity, named: readonly Named[]): string | { readonly message: string } {
  const type = bound.anchor.mapping.resourceType
  const all = named.filter(({ resource }) => resource.resourceType === type)
  const known = all.filter(({ resource }) => knownKey(bound, resource)?.includes(`?identifier=${bound.anchor.keySystem}|`))
  const candidates = known.length > 0 ? known : all
  const [only, second] = candidates
  if (!only) return { message: `no ${type} in the bundle, and a ${bound.entity.title.toLowerCase()} hangs on one` }
  if (second) return { message: `${candidates.length} ${type} in the bundle; give one at a time` }
  return knownKey(bound, only.resource) ?? (only.names[0] as string)
}
