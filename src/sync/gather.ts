/** Everything that a batch of records has to be compared with, read with a fixed number of queries whatever the batch's size. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, type Mapped, type Piece, parseKey, toFhir } from '#mapping'
import type { Conflict } from '../ledger/conflicts.ts'
import type { Link, LinkResource } from '../ledger/links.ts'
import { findUnlinked } from './find-unlinked.ts'
import { readAround } from './read-around.ts'
import { recogniseAll } from './recognise-all.ts'
import type { HubSide } from './reconcile.ts'
import { refOfName } from './reference-name.ts'
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
  const found = await tx.hub.findByIdentifiers(
    [...keys].flatMap((key) => identifierOf(key)),
    'stay'
  )
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
    const keyOfPlace = new Map(
      [...(before[index] ?? []), ...(mapped[index]?.pieces ?? [])].map((piece) => [piece.place, piece.key])
    )
    for (const one of places.get(link.id) ?? []) {
      const key = keyOfPlace.get(one.place)
      if (key !== undefined && (one.ownership === 'owned' || !referenceOf.has(key)))
        tie(key, `${one.resourceType}/${one.resourceId}`)
    }
  })

  const unlinked = await findUnlinked(tx, batch, mapped, found)
  const refs = [
    ...[...places.values()]
      .flat()
      .filter((one) => one.ownership === 'owned')
      .map(refOf),
    ...unlinked.references.map(refOfName)
  ]
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
      const reference = unlinked.byKey.get(piece.key)
      if (piece.ownership === 'owned' && reference && !hub.has(piece.place))
        hub.set(piece.place, { reference, resource: resources.get(reference) })
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
      ambiguous: unlinked.ambiguous.filter((key) => keysHere.has(key))
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
    return {
      pieces: [],
      issues: [{ from: bound.entity.name, to: bound.anchor.mapping.resourceType, code: 'invalid-content', message }]
    }
  }
}

export function identifierOf(key: string): { resourceType: string; system: string; value: string }[] {
  const parts = parseKey(key)
  return parts ? [{ resourceType: parts.type, system: parts.system, value: parts.value }] : []
}

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
