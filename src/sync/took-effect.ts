/** Whether a write whose answer was lost has happened, told from what the partner says now. Pure. */
import { type BoundEntity, type BoundRow, equal, type Piece, sameForPartner, toFhir } from '#mapping'
import { rowValue } from './row-value.ts'

/** Every row that the write was to change is now as it was sent. A write that changed nothing leaves nothing to see. */
export function tookEffect(bound: BoundEntity, base: unknown, sent: unknown, fresh: unknown): boolean {
  const before = byPlace(bound, base)
  const after = byPlace(bound, fresh)
  const same = (row: BoundRow, a: unknown, b: unknown) => equal(a, b) || sameForPartner(row, a, b)
  const told = [...byPlace(bound, sent)].flatMap(([place, piece]) =>
    piece.part.rows.flatMap((row) => {
      const value = rowValue(row, piece.resource)
      return same(row, rowValue(row, before.get(place)?.resource), value) ? [] : [{ place, row, value }]
    })
  )
  return told.length > 0 && told.every(({ place, row, value }) => same(row, rowValue(row, after.get(place)?.resource), value))
}

const byPlace = (bound: BoundEntity, record: unknown): Map<string, Piece> =>
  new Map((record === undefined ? [] : toFhir(bound, record).pieces).map((piece) => [piece.place, piece]))
