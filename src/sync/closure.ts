/** The resources that a link's anchor reaches: what a record born in FHIR is made of. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, knownKey, type Named, toFhir } from '#mapping'
import type { Link } from '../ledger/links.ts'
import { uncertainPeople } from './crosswalk/certain-keys.ts'
import { refOfName } from './reference-name.ts'
import { type Naming, referencesIn } from './row-value.ts'
import type { Transaction } from './store.ts'

export interface Closure {
  readonly named: readonly Named[]
  /** Keys that the ledger has for names, whatever identifiers say. */
  readonly known: ReadonlyMap<string, string>
  readonly naming: Naming
  /** `Type/<id>` of a key. */
  nameOf(key: string): string | undefined
  /** People of whom the partner cannot be told who they are. */
  readonly uncertain: readonly string[]
}

const depth = 4

/** Follows references from the anchor (and the link's own resources), only to types that the entity knows. */
export async function loadClosure(tx: Pick<Transaction, 'hub' | 'ledger'>, bound: BoundEntity, link: Link): Promise<Closure> {
  const places = (await tx.ledger.resourcesOfLinks([link.id])).filter((one) => one.ownership === 'owned')
  const known = new Map<string, string>()
  if (link.baseObservation !== null) {
    const base = (await tx.ledger.recordsOf([link.baseObservation])).get(link.baseObservation)
    const keyOfPlace = new Map(toFhir(bound, base).pieces.map((piece) => [piece.place, piece.key]))
    for (const one of places) {
      const key = keyOfPlace.get(one.place)
      if (key) known.set(`${one.resourceType}/${one.resourceId}`, key)
    }
  }
  const named: Named[] = []
  const keyOf = new Map<string, string>()
  const nameOf = new Map<string, string>()
  let wanted = new Set([
    ...(link.anchorId ? [`${link.anchorType}/${link.anchorId}`] : []),
    ...places.map((one) => `${one.resourceType}/${one.resourceId}`)
  ])
  for (let step = 0; step < depth && wanted.size > 0; step++) {
    const read = await tx.hub.readResources(
      [...wanted].filter((name) => name.includes('/') && !name.includes('?')).map(refOfName)
    )
    wanted = new Set()
    const uncertain = await uncertainPeople(tx, bound.scope.connection, read.values())
    for (const name of uncertain) known.set(name, name)
    for (const [name, resource] of read) {
      if (keyOf.has(name)) continue
      const key = known.get(name) ?? knownKey(bound, resource) ?? name
      keyOf.set(name, key)
      nameOf.set(key, name)
      named.push({ names: [name], resource })
      for (const reference of referencesIn(resource as Resource)) {
        if (!keyOf.has(reference) && bound.systems.has(reference.slice(0, reference.indexOf('/')))) wanted.add(reference)
      }
    }
  }
  return {
    named,
    known,
    uncertain: [...known].flatMap(([name, key]) => (name === key ? [name] : [])),
    nameOf: (key) => nameOf.get(key),
    naming: { keyOf: (reference) => keyOf.get(reference) ?? reference, referenceTo: (key) => nameOf.get(key) ?? key }
  }
}
