/** What an EHR tied to a link's resources. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, knownKey } from '#mapping'
import { uncertainPeople } from './crosswalk/certain-keys.ts'
import { refOfName } from './reference-name.ts'
import { referencesIn } from './row-value.ts'
import type { Transaction } from './store.ts'

/** Resources that hub resources refer to and no key explains yet: what an EHR tied to them. */
export async function readAround(
  tx: Transaction,
  bound: BoundEntity,
  resources: ReadonlyMap<string, Resource>,
  keyOfName: Map<string, string>
): Promise<Resource[]> {
  const around: Resource[] = []
  let wanted = [...resources.values()]
  for (let depth = 0; depth < 2 && wanted.length > 0; depth++) {
    const names = new Set<string>()
    for (const resource of wanted) for (const name of referencesIn(resource)) if (!keyOfName.has(name)) names.add(name)
    const unknown = [...names].filter((name) => bound.systems.has(name.slice(0, name.indexOf('/'))))
    const read = await tx.hub.readResources(unknown.map(refOfName))
    wanted = [...read.values()]
    const uncertain = await uncertainPeople(tx, bound.scope.connection, wanted)
    for (const resource of wanted) {
      const name = `${resource.resourceType}/${resource.id}`
      keyOfName.set(name, (uncertain.has(name) ? undefined : knownKey(bound, resource)) ?? name)
    }
    around.push(...wanted)
  }
  return around
}
