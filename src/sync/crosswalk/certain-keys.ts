/** Which person a reference in the hub means to the partner, and where that is not certain. */
import type { Resource } from '@medplum/fhirtypes'
import type { Transaction } from '../store.ts'
import { identitiesOf, keyOfIdentity, lookupOf } from './identity.ts'

/**
 * The people among these resources of whom a connection cannot be told which one they are, as `Type/<id>`: another resource bears
 * the same id, or this one bears two ids of one kind.
 */
export async function uncertainPeople(
  { hub }: Pick<Transaction, 'hub'>,
  connection: string,
  resources: Iterable<Resource>
): Promise<Set<string>> {
  const people = [...resources].map((resource) => ({
    name: `${resource.resourceType}/${resource.id}`,
    identities: identitiesOf(resource).filter((one) => one.connection === connection)
  }))
  const all = people.flatMap(({ identities }) => identities)
  const bearers = all.length > 0 ? await hub.findByIdentifiers(all.map(lookupOf)) : new Map<string, string[]>()
  const uncertain = people.filter(({ identities }) => {
    const kinds = new Set(identities.map(({ kind }) => kind))
    return kinds.size < identities.length || identities.some((one) => (bearers.get(keyOfIdentity(one))?.length ?? 0) > 1)
  })
  return new Set(uncertain.map(({ name }) => name))
}
