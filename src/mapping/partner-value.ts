/** What an element means to the partner. */
import type { BoundRow } from './bind.ts'
import { Unreadable } from './conversion.ts'
import { equal } from './equal.ts'

/** What the partner would be given for an element; an absent one is the row's default. */
export function partnerValue(bound: BoundRow, element: unknown): unknown {
  if (bound.row.kind === 'value' && bound.row.conversion?.joins) return bound.conversion?.toPartner(element)
  if (element === undefined) return absent(bound)
  const value = bound.conversion ? bound.conversion.toPartner(element) : element
  return value === undefined ? absent(bound) : value
}

/** What the partner's record holds when FHIR has no value. */
export const absent = (bound: BoundRow): unknown => (bound.row.kind === 'computed' ? undefined : bound.row.options.absent)

/**
 * Whether two elements mean the same to the partner although they differ in FHIR: an episode on hold and an active one are both
 * ACTIVE, no extension and one that says `false` are both `false`. Then there is nothing to write on either side.
 */
export function sameForPartner(bound: BoundRow, a: unknown, b: unknown): boolean {
  if (bound.row.kind !== 'value') return false
  const left = partnerValue(bound, a)
  return !(left instanceof Unreadable) && equal(left, partnerValue(bound, b))
}
