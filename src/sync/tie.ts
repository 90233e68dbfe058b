/** Ties resources that were born in FHIR to the places of a record that the partner has just taken. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, locateParts, type Piece, type Pool, parseKey } from '#mapping'
import type { LinkResource } from '../ledger/links.ts'
import { isAnother } from './recognise.ts'
import { type ListItem, type Naming, putRowValue, rowValue } from './row-value.ts'
import type { Transaction } from './store.ts'

export interface Tie {
  readonly piece: Piece
  /** `Type/<id>` in the hub. */
  readonly reference: string
}

/**
 * Which resource in the hub each piece of the record is. Lists are told in order, so the record's items and the resources that
 * they came from stand side by side; the other parts are found by reference from the anchor.
 */
export function tiesOf(
  bound: BoundEntity,
  pieces: readonly Piece[],
  anchor: Resource,
  pool: Pool,
  nameOf: (key: string) => string | undefined
): Tie[] {
  const byPlace = new Map(pieces.map((piece) => [piece.place, piece]))
  const byPieceKey = new Map(pieces.map((piece) => [piece.key, piece]))
  const ties: Tie[] = []
  const nameOfResource = new Map([...pool.keys].map((key) => [pool.get(key), nameOf(key)]))
  for (const [part, resource] of locateParts(bound, anchor, pool)) {
    const piece = byPlace.get(part)
    const reference = nameOfResource.get(resource)
    if (piece?.ownership === 'owned' && reference) ties.push({ piece, reference })
    if (!piece) continue
    for (const row of piece.part.rows) {
      if (row.row.kind !== 'list' || row.nested?.nested.own) continue
      const theirs = (rowValue(row, resource) ?? []) as ListItem[]
      const ours = (rowValue(row, piece.resource) ?? []) as ListItem[]
      theirs.forEach(({ key }, index) => {
        const item = byPieceKey.get(ours[index]?.key ?? '')
        const name = parseKey(key) ? nameOf(key) : key
        // the list may have changed since the record was made from it
        const theirOwn = pool.get(key)
        if (item && theirOwn && isAnother(item, theirOwn)) return
        if (item && name && !ties.some((tie) => tie.reference === name)) ties.push({ piece: item, reference: name })
      })
    }
  }
  return ties
}

/** Writes what the partner gave (ids, times) into the resources that lack it, and notes the ties. */
export async function tie(tx: Transaction, linkId: string, ties: readonly Tie[], naming: Naming, now: number): Promise<void> {
  const refOf = (reference: string) => ({
    resourceType: reference.slice(0, reference.indexOf('/')),
    id: reference.slice(reference.indexOf('/') + 1)
  })
  const resources = await tx.hub.readResources(ties.map((one) => refOf(one.reference)))
  const writes = ties.flatMap(({ piece, reference }) => {
    const resource = resources.get(reference)
    if (!resource) return []
    const copy = structuredClone(resource)
    let changed = false
    for (const row of piece.part.rows) {
      const value = rowValue(row, piece.resource)
      if (value === undefined || rowValue(row, resource) !== undefined) continue
      putRowValue(row, copy, value, naming)
      changed = true
    }
    return changed ? [{ resource: copy, expected: Number(resource.meta?.versionId) }] : []
  })
  const versions = await tx.hub.writeResources(writes, now)
  const places = ties.flatMap(({ piece, reference }): LinkResource[] => {
    const resource = resources.get(reference)
    if (!resource) return []
    const version = versions.get(reference) ?? Number(resource.meta?.versionId)
    return [
      { linkId, place: piece.place, resourceType: resource.resourceType, resourceId: resource.id, version, ownership: 'owned' }
    ]
  })
  await tx.ledger.writeLinkResources(places)
}
