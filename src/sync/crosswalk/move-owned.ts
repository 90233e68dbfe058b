/**
 * A person whom the partner describes (a referring physician) is owned by a link. When somebody says which Practitioner of an EHR
 * that is, the link takes that one instead, and its rows meet what the EHR says as at first sight: nothing is overwritten, what
 * differs becomes a conflict.
 */
import type { LinkResource } from '../../ledger/links.ts'
import type { Transaction } from '../store.ts'
import { type Identity, isEngineMade, refOf, type Stored } from './identity.ts'
import { type Deciding, mergeIdentity } from './merge-identity.ts'

/** The link that may give this resource up: its partner made it, and since then nobody but the engine has changed what is mapped. */
export async function movableOwner(
  tx: Transaction,
  resource: Stored,
  { connection }: Identity
): Promise<LinkResource | undefined> {
  if (!isEngineMade(resource)) return undefined
  const [owner] = await tx.ledger.ownersOf([resource])
  if (!owner || String(owner.version) !== resource.meta?.versionId) return undefined
  const link = (await tx.ledger.readLinks([owner.linkId])).get(owner.linkId)
  const isIts = link?.connection === connection && link.anchorId === resource.id
  return isIts && (await tx.ledger.openConflicts([owner.linkId])).length === 0 ? owner : undefined
}

/** Gives a link another resource. `into` must have no owner. */
export async function moveOwned(tx: Transaction, owner: LinkResource, into: string, deciding: Deciding): Promise<number> {
  await tx.ledger.lockLinks([owner.linkId])
  const rewritten = await mergeIdentity(tx, `${owner.resourceType}/${owner.resourceId}`, into, deciding)
  await meetAgain(tx, owner.linkId)
  return rewritten
}

/** Puts a link's base aside, so that its next work compares both sides as if they met for the first time. */
export async function meetAgain(tx: Transaction, linkId: string): Promise<void> {
  const link = (await tx.ledger.lockLinks([linkId])).get(linkId)
  if (!link) return
  await tx.ledger.writeLinks([{ ...link, baseObservation: null, rawHash: null, recordHash: null, due: true }])
  await tx.workLater(linkId)
}

export const isOwned = async (tx: Transaction, reference: string): Promise<boolean> =>
  (await tx.ledger.ownersOf([refOf(reference)])).length > 0
