import type { Resource } from '@medplum/fhirtypes'
import type { Transaction } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { claim } from './claim.ts'
import { deleteResources } from './delete-resources.ts'
import { type ResourceRef, refKey } from './resource-ref.ts'
import { type ResourceWrite, stamped, writeResources } from './write-resources.ts'

/** What a transaction has decided to write. Each resource occurs once. */
export interface Decided {
  readonly writes: readonly (ResourceWrite & { readonly claims?: string })[]
  readonly deletes: readonly (ResourceRef & { readonly expected: number })[]
}

/** What was written, as it is told to `onWrite` inside the same transaction. */
export interface Change extends ResourceRef {
  readonly version: number
  /** As stored now; of a deleted resource nothing is left but its id. */
  readonly resource: Resource & { id: string }
  readonly deleted: boolean
}

export type OnWrite = (tx: Transaction<Database>, changes: readonly Change[]) => Promise<void>

/** Deletes, creates and updates, claims, and tells. Returns the changes by `Type/id`. */
export async function writeChanges(
  tx: Transaction<Database>,
  { writes, deletes }: Decided,
  at: number,
  onWrite: OnWrite | undefined
): Promise<Map<string, Change>> {
  const changes = new Map<string, Change>()
  const tombstones = await deleteResources(tx, deletes, at)
  for (const { resourceType, id } of deletes) {
    const version = tombstones.get(refKey({ resourceType, id })) ?? 0
    const resource = stamped({ resourceType, id } as Resource, version, at)
    changes.set(refKey(resource), { resourceType, id, version, resource, deleted: true })
  }
  const versions = await writeResources(tx, writes, at)
  for (const { resource } of writes) {
    const { resourceType, id } = resource
    const version = versions.get(refKey(resource)) ?? 0
    changes.set(refKey(resource), { resourceType, id, version, resource: stamped(resource, version, at), deleted: false })
  }
  await claim(
    tx,
    writes.flatMap(({ resource, claims }) =>
      claims ? [{ resourceType: resource.resourceType, criteria: claims, id: resource.id }] : []
    )
  )
  if (changes.size > 0) await onWrite?.(tx, [...changes.values()])
  return changes
}
