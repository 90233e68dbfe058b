/** What an EHR added to a list and the partner has meanwhile too: the same diagnosis is one resource, whoever wrote it first. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundRow, equal, type Piece } from '#mapping'
import { rowValue } from './row-value.ts'

/**
 * The resource among these that a nested record stands for: it says the same in all that the record's key is made of, as far as it
 * says it. An answer that was lost after the partner took a new diagnosis is mended by this, and so are two people who added it.
 */
export function recognise<T extends Resource>(piece: Piece, candidates: readonly T[]): T | undefined {
  return candidates.find((resource) => {
    const said = identityOf(piece, resource)
    return said.length > 0 && said.every((row) => equal(rowValue(row, resource), rowValue(row, piece.resource)))
  })
}

/** Whether a resource says of itself that it is another record than this. */
export const isAnother = (piece: Piece, resource: Resource): boolean =>
  identityOf(piece, resource).some((row) => !equal(rowValue(row, resource), rowValue(row, piece.resource)))

/** The rows that the record's key is made of, and that the resource says something about. */
function identityOf({ part, resource }: Piece, other: Resource): BoundRow[] {
  if (other.resourceType !== resource.resourceType) return []
  const key = part.rows.find((row) => row.row.kind === 'value' && row.row.to === part.mapping.key)
  const identity = part.rows.filter(
    (row) => row !== key && row.write === 'always' && row.from.some((name) => key?.from.includes(name))
  )
  return identity.filter((row) => rowValue(row, other) !== undefined)
}
