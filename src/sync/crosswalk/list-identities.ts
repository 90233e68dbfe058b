import type { Store } from '../store.ts'
import { type Identity, identityOf, identitySystems, isEngineMade, isStub } from './identity.ts'

export interface ListedIdentity extends Identity {
  /** `Patient/<id>` in the hub. */
  readonly reference: string
  readonly isStub: boolean
  /** `engine`: made for a record that needed it. `person`: linked by `by`. `fhir`: an EHR wrote the identifier. */
  readonly origin: 'engine' | 'person' | 'fhir'
  readonly by?: string
}

const atOnce = 1000

/** Every id of a person at a partner, and what it means in the hub; an id that stands twice is on several resources. */
export async function listIdentities(
  { hub, ledger }: Pick<Store, 'hub' | 'ledger'>,
  connection?: string
): Promise<ListedIdentity[]> {
  const linkedBy = new Map(
    (await ledger.auditOfAction('identity linked')).map(({ actor, detail }) => [
      `${detail.resource} ${detail.connection}/${detail.kind}`,
      actor
    ])
  )
  const bearers = await hub.findBearers(identitySystems(connection))
  const listed: ListedIdentity[] = []
  for (let from = 0; from < bearers.length; from += atOnce) {
    const page = bearers.slice(from, from + atOnce)
    const resources = await hub.readResources(page)
    for (const { resourceType, id, system, value } of page) {
      const reference = `${resourceType}/${id}`
      const identity = identityOf(resourceType, system, value)
      const resource = resources.get(reference)
      if (!identity || !resource || (connection !== undefined && identity.connection !== connection)) continue
      const by = linkedBy.get(`${reference} ${identity.connection}/${identity.kind}`)
      const origin = by !== undefined ? 'person' : isEngineMade(resource) ? 'engine' : 'fhir'
      listed.push({ ...identity, reference, isStub: isStub(resource), origin, ...(by !== undefined && { by }) })
    }
  }
  return listed
}
