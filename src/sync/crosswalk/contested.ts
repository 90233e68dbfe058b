/** An EHR has put a partner's id on a resource: is there another one that bears it, and who must look? */

import type { HubStore } from '../../fhir/store/hub-store.ts'
import type { Change } from '../../fhir/store/write-changes.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { identitiesOf, lookupOf } from './identity.ts'

/** One link that has each contested person suffices: whoever works it settles the matter for all. */
const enough = 20

export async function linksOfContested(hub: HubStore, ledger: Ledger, changes: readonly Change[]): Promise<string[]> {
  const identities = changes.filter(({ deleted }) => !deleted).flatMap(({ resource }) => identitiesOf(resource))
  if (identities.length === 0) return []
  const links = new Set<string>()
  for (const [key, ids] of await hub.findByIdentifiers(identities.map(lookupOf))) {
    if (ids.length < 2) continue
    const resourceType = key.slice(0, key.indexOf('?'))
    for (const id of ids) {
      const referring = await hub.findReferring({ resourceType, id })
      const owners = await ledger.ownersOf([{ resourceType, id }, ...referring.slice(0, enough)])
      for (const owner of owners) links.add(owner.linkId)
    }
  }
  return [...links]
}
