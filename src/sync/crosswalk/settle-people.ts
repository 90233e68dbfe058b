/** Before a link is worked: people whom an EHR has said to be somebody that the engine had made a stub for. */

import { fenced, type Held } from '../held-link.ts'
import { identitiesOf, lookupOf, refOf } from './identity.ts'
import { settleBearers } from './settle-bearers.ts'

/** Settles which resources the ids of these people mean, where that needs no guess. */
export async function settlePeople(held: Held, names: readonly string[]): Promise<void> {
  const { store, ports } = held.engine
  const people = names.filter((name) => /^(Patient|Practitioner)\//.test(name))
  if (people.length === 0) return
  const lookups = [...(await store.hub.readResources(people.map(refOf))).values()].flatMap(identitiesOf).map(lookupOf)
  const contested = [...(await store.hub.findByIdentifiers(lookups)).values()].some((ids) => ids.length > 1)
  if (!contested) return
  await fenced(held, async (tx) => {
    const bearers = await tx.hub.findByIdentifiers(lookups, 'move')
    await settleBearers(tx, bearers, { now: ports.clock.now(), actor: held.actor }, { owned: true })
  })
}

/** The people at the places of the link itself. */
export async function settleOwnPeople(held: Held): Promise<void> {
  const places = await held.engine.store.ledger.resourcesOfLinks([held.link.id])
  await settlePeople(
    held,
    places.map(({ resourceType, resourceId }) => `${resourceType}/${resourceId}`)
  )
}
