/** Resources that an EHR made for nested records which the partner has now taken. */
import type { Resource } from '@medplum/fhirtypes'
import type { Mapped, Piece } from '#mapping'
import type { LinkResource } from '../ledger/links.ts'
import type { Incoming } from './gather.ts'
import { recognise } from './recognise.ts'
import { refOfName } from './reference-name.ts'
import { referencesIn } from './row-value.ts'
import type { Transaction } from './store.ts'

/** Resources that an EHR tied to a link's own and that nobody owns, for the nested records that they stand for. */
export async function recogniseAll(
  tx: Transaction,
  batch: readonly Incoming[],
  mapped: readonly Mapped[],
  places: ReadonlyMap<string, readonly LinkResource[]>,
  resources: ReadonlyMap<string, Resource>,
  around: readonly Resource[],
  { found, keyOfName }: { found: ReadonlyMap<string, string[]>; keyOfName: ReadonlyMap<string, string> }
): Promise<Map<Piece, { piece: Piece; reference: string; resource: Resource }>> {
  const recognised = new Map<Piece, { piece: Piece; reference: string; resource: Resource }>()
  const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`
  const strangers = around.filter((resource) => keyOfName.get(nameOf(resource)) === nameOf(resource))
  if (strangers.length === 0) return recognised
  const owners = await tx.ledger.ownersOf(strangers.map((resource) => refOfName(nameOf(resource))))
  const taken = new Set(owners.map((one) => `${one.resourceType}/${one.resourceId}`))
  batch.forEach(({ link }, index) => {
    const own = (link && places.get(link.id)) ?? []
    const known = new Set(own.map((one) => one.place))
    const referred = new Set(own.flatMap((one) => [...referencesIn(resources.get(`${one.resourceType}/${one.resourceId}`))]))
    for (const piece of mapped[index]?.pieces ?? []) {
      if (piece.ownership !== 'owned' || known.has(piece.place) || found.has(piece.key)) continue
      const resource = recognise(
        piece,
        strangers.filter((one) => referred.has(nameOf(one)) && !taken.has(nameOf(one)))
      )
      if (!resource) continue
      taken.add(nameOf(resource))
      recognised.set(piece, { piece, reference: nameOf(resource), resource })
    }
  })
  return recognised
}
