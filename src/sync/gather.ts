/** Everything that a batch of records has to be compared with, read with a fixed number of queries whatever the batch's size. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, knownKey, type Mapped, type Piece, parseKey, toFhir } from '#mapping'
import type { Conflict } from '../ledger/conflicts.ts'
import type { Link, LinkResource } from '../ledger/links.ts'
import type { HubSide } from './reconcile.ts'
import { recognise } from './recognise.ts'
import { uncertainPeople } from './crosswalk/certain-keys.ts'
import { referencesIn } from './row-value.ts'
import type { Transaction } from './store.ts'

/** A record of a batch, and its link if it has one. */
export interface Incoming {
  readonly record: unknown
  readonly rawHash: Buffer | null
  readonly recordHash: Buffer
  readonly link: Link | undefined
  /** When the record, or the one around it, last changed at the partner. */
  readonly changedAt: string | undefined
}

export interface Gathered {
  readonly incoming: Incoming
  readonly mapped: Mapped
  readonly base: unknown
  readonly before: readonly Piece[]
  readonly hub: Map<string, HubSide>
  readonly places: readonly LinkResource[]
  readonly conflicts: readonly Conflict[]
  readonly around: readonly Resource[]
  /** Keys of resources that this record would create, but the hub has more than one of, or another link owns. */
  readonly ambiguous: readonly string[]
}

export interface Batch {
  readonly gathered: readonly Gathered[]
  /** `Type?identifier=…` → `Type/<id>`. */
  readonly referenceOf: Map<string, string>
  readonly keyOfName: Map<string, string>
  /** Whether a resource goes by several keys here: a person who is twice at the partner. */
  readonly synonyms: boolean
}

/** Settles which of several resources a partner's id means, as far as that can be told without a guess. */
export type Settle = (bearers: Map<string, string[]>) => Promise<void>

export async function gather(tx: Transaction, bound: BoundEntity, batch: readonly Incoming[], settle: Settle): Promise<Batch> {
  const linkIds = batch.flatMap(({ link }) => (link ? [link.id] : []))
  const bases = await tx.ledger.recordsOf(batch.flatMap(({ link }) => (link?.baseObservation ? [link.baseObservation] : [])))
  const conflicts = groupBy(await tx.ledger.openConflicts(linkIds), (one) => one.linkId)
  const mapped = batch.map(({ record }) => mapSafely(bound, record))
  const before = batch.map(({ link }) => {
    const base = link?.baseObservation ? bases.get(link.baseObservation) : undefined
    return base === undefined ? [] : toFhir(bound, base).pieces
  })

  const keys = new Set<string>()
  for (const { pieces } of mapped) {
    for (const piece of pieces) {
      keys.add(piece.key)
      referencesIn(piece.resource, keys)
    }
  }
  const found = await tx.hub.findByIdentifiers([...keys].flatMap((key) => identifierOf(key)), 'stay')
  await settle(found)
  // only now: somebody who was found to be another person has been moved in the ledger too
  const places = groupBy(await tx.ledger.resourcesOfLinks(linkIds), (one) => one.linkId)
  const referenceOf = new Map<string, string>()
  const keyOfName = new Map<string, string>()
  let synonyms = false
  const tie = (key: string, reference: string) => {
    if ((keyOfName.get(reference) ?? key) !== key) synonyms = true
    referenceOf.set(key, reference)
    keyOfName.set(reference, key)
  }
  for (const [key, ids] of found) if (ids.length === 1) tie(key, `${key.slice(0, key.indexOf('?'))}/${ids[0]}`)

  // what the ledger knows about a link's own resources wins over what identifiers say; who somebody is, identifiers say
  batch.forEach(({ link }, index) => {
    if (!link) return
    const keyOfPlace = new Map([...(before[index] ?? []), ...(mapped[index]?.pieces ?? [])].map((piece) => [piece.place, piece.key]))
    for (const one of places.get(link.id) ?? []) {
      const key = keyOfPlace.get(one.place)
      if (key !== undefined && (one.ownership === 'owned' || !referenceOf.has(key))) tie(key, `${one.resourceType}/${one.resourceId}`)
    }
  })

  const adoptable = await adopt(tx, batch, mapped, found)
  const refs = [...[...places.values()].flat().filter((one) => one.ownership === 'owned').map(refOf), ...adoptable.references.map(refOfName)]
  const resources = await tx.hub.readResources(refs)
  const around = await readAround(tx, bound, resources, keyOfName)

  const recognised = await recogniseAll(tx, batch, mapped, places, resources, around, { found, keyOfName })
  for (const { piece, reference } of recognised.values()) tie(piece.key, reference)

  const gathered = batch.map((incoming, index): Gathered => {
    const own = incoming.link ? (places.get(incoming.link.id) ?? []) : []
    const hub = new Map<string, HubSide>()
    for (const one of own) {
      if (one.ownership !== 'owned') continue
      const reference = `${one.resourceType}/${one.resourceId}`
      hub.set(one.place, { reference, resource: resources.get(reference) })
    }
    for (const piece of mapped[index]?.pieces ?? []) {
      const reference = adoptable.byKey.get(piece.key)
      if (piece.ownership === 'owned' && reference && !hub.has(piece.place)) hub.set(piece.place, { reference, resource: resources.get(reference) })
      const same = recognised.get(piece)
      if (same) hub.set(piece.place, same)
    }
    const keysHere = new Set((mapped[index]?.pieces ?? []).map((piece) => piece.key))
    return {
      incoming,
      mapped: mapped[index] as Mapped,
      base: incoming.link?.baseObservation ? bases.get(incoming.link.baseObservation) : undefined,
      before: before[index] ?? [],
      hub,
      places: own,
      conflicts: incoming.link ? (conflicts.get(incoming.link.id) ?? []) : [],
      around,
      ambiguous: adoptable.ambiguous.filter((key) => keysHere.has(key))
    }
  })
  return { gathered, referenceOf, keyOfName, synonyms }
}

/** A fault in a mapping parks the one record that shows it, and none of its neighbours. */
function mapSafely(bound: BoundEntity, record: unknown): Mapped {
  try {
    return toFhir(bound, record)
  } catch (error) {
    const message = `the mapping itself failed (${(error as Error).name}); this is a fault of the mapping, please report it`
    return { pieces: [], issues: [{ from: bound.entity.name, to: bound.anchor.mapping.resourceType, code: 'invalid-content', message }] }
  }
}

/** Resources of the hub that bear the identifiers of records which have no link yet: they were in both systems before. */
async function adopt(tx: Transaction, batch: readonly Incoming[], mapped: readonly Mapped[], found: ReadonlyMap<string, string[]>) {
  const byKey = new Map<string, string>()
  const linkOf = new Map<string, string | undefined>()
  const ambiguous: string[] = []
  batch.forEach(({ link }, index) => {
    for (const piece of mapped[index]?.pieces ?? []) {
      const ids = found.get(piece.key) ?? []
      const type = piece.resource.resourceType
      if (ids.length > 1) ambiguous.push(piece.key)
      else if (piece.ownership === 'owned' && ids.length === 1) byKey.set(piece.key, `${type}/${ids[0]}`)
      linkOf.set(piece.key, link?.id)
    }
  })
  const owners = await tx.ledger.ownersOf([...byKey.values()].map(refOfName))
  const taken = new Map(owners.map((owner) => [`${owner.resourceType}/${owner.resourceId}`, owner.linkId]))
  for (const [key, reference] of byKey) {
    const owner = taken.get(reference)
    if (owner === undefined) continue
    byKey.delete(key)
    if (owner !== linkOf.get(key)) ambiguous.push(key)
  }
  return { byKey, ambiguous, references: [...byKey.values()] }
}

/** Resources that an EHR tied to a link's own and that nobody owns, for the nested records that they stand for. */
async function recogniseAll(
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
      const resource = recognise(piece, strangers.filter((one) => referred.has(nameOf(one)) && !taken.has(nameOf(one))))
      if (!resource) continue
      taken.add(nameOf(resource))
      recognised.set(piece, { piece, reference: nameOf(resource), resource })
    }
  })
  return recognised
}

/** Resources that hub resources refer to and no key explains yet: what an EHR tied to them. */
async function readAround(tx: Transaction, bound: BoundEntity, resources: ReadonlyMap<string, Resource>, keyOfName: Map<string, string>): Promise<Resource[]> {
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

export function identifierOf(key: string): { resourceType: string; system: string; value: string }[] {
  const parts = parseKey(key)
  return parts ? [{ resourceType: parts.type, system: parts.system, value: parts.value }] : []
}

export const refOfName = (name: string) => ({ resourceType: name.slice(0, name.indexOf('/')), id: name.slice(name.indexOf('/') + 1) })
const refOf = (one: LinkResource) => ({ resourceType: one.resourceType, id: one.resourceId })

function groupBy<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
