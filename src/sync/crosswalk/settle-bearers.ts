/** Several resources bear one partner's id: where that is an EHR's resource and what the engine made before, the EHR's is meant. */

import type { Transaction } from '../store.ts'
import { type Identity, identityOfKey, isStub, refOf, type Stored } from './identity.ts'
import { type Deciding, mergeIdentity } from './merge-identity.ts'
import { isOwned, movableOwner, moveOwned } from './move-owned.ts'

/**
 * Merges what can be merged without a guess; `bearers` (`Type?identifier=…` → ids) is brought up to date. Two resources of EHRs
 * that bear the same id stay as they are: whoever needs to know which one is meant waits.
 */
export async function settleBearers(
  tx: Transaction,
  bearers: Map<string, string[]>,
  deciding: Deciding,
  also: { owned: boolean }
): Promise<void> {
  for (const [key, ids] of bearers) {
    const identity = ids.length > 1 ? identityOfKey(key) : undefined
    if (!identity) continue
    const type = key.slice(0, key.indexOf('?'))
    const names = ids.map((id) => `${type}/${id}`)
    const left = await settle(tx, identity, names, deciding, also.owned)
    bearers.set(
      key,
      left.map((name) => refOf(name).id)
    )
  }
}

async function settle(
  tx: Transaction,
  identity: Identity,
  names: readonly string[],
  deciding: Deciding,
  owned: boolean
): Promise<string[]> {
  const resources = [...(await tx.hub.readResources(names.map(refOf))).values()]
  const stubs = resources.filter(isStub)
  const others = resources.filter((one) => !isStub(one))
  const [only, second] = others
  if (only && !second) {
    for (const stub of stubs) await mergeIdentity(tx, nameOf(stub), nameOf(only), deciding)
    return [nameOf(only)]
  }
  if (!owned || others.length !== 2 || stubs.length > 0) return resources.map(nameOf)
  for (const [ours, theirs] of [others, others.toReversed()] as [Stored, Stored][]) {
    const owner = await movableOwner(tx, ours, identity)
    if (!owner || (await isOwned(tx, nameOf(theirs)))) continue
    await moveOwned(tx, owner, nameOf(theirs), deciding)
    return [nameOf(theirs)]
  }
  return resources.map(nameOf)
}

const nameOf = (resource: Stored): string => `${resource.resourceType}/${resource.id}`
