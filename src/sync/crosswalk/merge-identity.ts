/** Two resources of the hub turn out to be one person: what the engine made gives way to the other, in one transaction. */
import type { Identifier } from '@medplum/fhirtypes'
import { withReferences } from '../row-value.ts'
import type { Transaction } from '../store.ts'
import { type Identity, identifierOf, identitiesOf, keyOfIdentity, lookupOf, refOf, type Stored } from './identity.ts'
import { markReplaced } from './replaced-by.ts'
import { wakeLinks } from './wake-links.ts'

export interface Deciding {
  readonly now: number
  /** Who says so: a person, or `engine` where an EHR's identifier says it. */
  readonly actor: string
}

/**
 * Moves the partners' ids from one resource to the other, and with them every reference in the hub and every place in the ledger.
 * Keys stay the same, so no row of any mapping changes and nothing is told to a partner. Returns how many resources were rewritten.
 */
export async function mergeIdentity(tx: Transaction, from: string, into: string, { now, actor }: Deciding): Promise<number> {
  const refs = [refOf(from), refOf(into)] as const
  const before = await tx.hub.readResources(refs)
  await tx.hub.findByIdentifiers(identitiesOf(required(before, from)).map(lookupOf), 'move')
  // whoever wrote references to it meanwhile has committed by now
  const resources = await tx.hub.readResources(refs)
  const old = required(resources, from)
  const target = required(resources, into)
  const identities = identitiesOf(old)
  const { rewritten, versions } = await rewriteReferences(tx, await tx.hub.findReferring(refOf(from)), from, into, now, [
    { before: old, after: markReplaced(old, into) },
    { before: target, after: withIdentities(target, identities) }
  ])
  const linkIds = await linksWith(tx, [...rewritten, from])
  await tx.ledger.movePlaces(linkIds, refs[0], refs[1], versions.get(into) ?? Number(target.meta?.versionId))
  await tx.hub.claim(
    identities.map((identity) => ({ resourceType: target.resourceType, criteria: keyOfIdentity(identity), id: target.id }))
  )
  const kinds = identities.map(({ connection, kind }) => `${connection}/${kind}`)
  await tx.ledger.noteAudit([
    { at: now, actor, action: 'identity merged', linkId: null, detail: { from, into, kinds, rewritten: rewritten.length } }
  ])
  await wakeLinks(tx, into)
  return rewritten.length
}

/** Rewrites the references of these resources, and writes what else is to be written with them. */
export async function rewriteReferences(
  tx: Transaction,
  referring: readonly { readonly resourceType: string; readonly id: string }[],
  from: string,
  into: string,
  now: number,
  changed: readonly { readonly before: Stored; readonly after: Stored }[]
): Promise<{ rewritten: string[]; versions: Map<string, number> }> {
  const read = await tx.hub.readResources(referring)
  for (const { before } of changed) read.delete(`${before.resourceType}/${before.id}`)
  const naming = {
    keyOf: (reference: string) => reference,
    referenceTo: (reference: string) => (plain(reference) === from ? into : reference)
  }
  const rewrites = [...read.values()].map((before) => ({ before, after: withReferences(before, naming) as Stored }))
  const all = [...rewrites, ...changed].map(({ before, after }) => ({
    resource: after,
    expected: Number(before.meta?.versionId)
  }))
  const versions = await tx.hub.writeResources(all, now)
  await tx.ledger.agreeOnVersions(
    rewrites.map(({ before: { resourceType, id, meta } }) => ({
      resourceType,
      id,
      before: Number(meta?.versionId),
      version: versions.get(`${resourceType}/${id}`) as number
    }))
  )
  return { rewritten: [...read.keys()], versions }
}

export function withIdentities(resource: Stored, identities: readonly Identity[]): Stored {
  const { identifier = [] } = resource as Stored & { identifier?: Identifier[] }
  const added = identities
    .map(identifierOf)
    .filter((one) => !identifier.some(({ system, value }) => system === one.system && value === one.value))
  return added.length === 0 ? resource : ({ ...resource, identifier: [...identifier, ...added] } as Stored)
}

/** The links that own any of these resources. */
export async function linksWith(tx: Transaction, references: readonly string[]): Promise<string[]> {
  const owners = await tx.ledger.ownersOf(references.map(refOf))
  return [...new Set(owners.map((owner) => owner.linkId))].sort()
}

const plain = (reference: string): string => reference.replace(/\/_history\/[^/]*$/, '')

function required(resources: ReadonlyMap<string, Stored>, name: string): Stored {
  const found = resources.get(name)
  if (!found) throw new Error(`${name} is not in the hub: it was deleted while it was being merged`)
  return found
}
