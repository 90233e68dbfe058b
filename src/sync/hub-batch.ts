/** What a batch writes into the hub: stubs, new resources, and one copy of each resource that changes. */
import type { Resource } from '@medplum/fhirtypes'
import type { Piece } from '#mapping'
import type { ApplyContext, Stored, Writes } from './batch-writes.ts'
import type { Batch } from './gather.ts'
import type { Plan } from './reconcile.ts'
import { referencesIn } from './row-value.ts'

/** Stubs that the hub lacks; within a batch each once. */
export function createShared({ newId }: ApplyContext, batch: Batch, plan: Plan, writes: Writes): void {
  for (const piece of plan.pieces) {
    if (piece.ownership !== 'shared' || batch.referenceOf.has(piece.key)) continue
    const type = piece.resource.resourceType
    const id = newId()
    batch.referenceOf.set(piece.key, `${type}/${id}`)
    batch.keyOfName.set(`${type}/${id}`, piece.key)
    put(writes, { ...piece.resource, id } as Stored, 'new')
    writes.claims.push({ resourceType: type, criteria: piece.key, id })
  }
}

export function giveIds({ newId }: ApplyContext, batch: Batch, plan: Plan): Map<string, string> {
  const created = new Map<string, string>()
  for (const piece of plan.creates) {
    const id = newId()
    created.set(piece.key, id)
    batch.referenceOf.set(piece.key, `${piece.resource.resourceType}/${id}`)
    batch.keyOfName.set(`${piece.resource.resourceType}/${id}`, piece.key)
  }
  return created
}

/** Whether something that would be written refers to a resource that is not in the hub yet. */
export function missingReferences(batch: Batch, plan: Plan): boolean {
  const keys = new Set<string>()
  for (const piece of plan.creates) referencesIn(piece.resource, keys)
  for (const change of plan.updates) for (const { value } of change.rows) referencesIn(value, keys)
  return [...keys].some((key) => key.includes('?') && !batch.referenceOf.has(key))
}

export function put(writes: Writes, resource: Stored, expected: number | 'new'): void {
  writes.resources.set(`${resource.resourceType}/${resource.id}`, { resource, expected })
}

/** The copy of a hub resource that this transaction changes; the same one when it is changed twice. */
export function changedCopy(writes: Writes, reference: string, resource: Resource): Stored {
  const known = writes.resources.get(reference)
  if (known) return known.resource
  const copy = structuredClone(resource) as Stored
  put(writes, copy, Number(resource.meta?.versionId))
  return copy
}

/** Our profile claims follow the content; what an EHR claims stays. */
export function claimProfiles(resource: Resource, piece: Piece): void {
  const ours = new Set(piece.part.mapping.profiles.map(({ url }) => url))
  const wanted = piece.resource.meta?.profile ?? []
  const others = (resource.meta?.profile ?? []).filter((url) => !ours.has(url))
  const profile = [...others, ...wanted]
  const { profile: _, ...meta } = resource.meta ?? {}
  resource.meta = profile.length > 0 ? { ...meta, profile } : meta
}
