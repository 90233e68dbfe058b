/** What an EHR added to a list and the partner has meanwhile too: the same diagnosis is one resource, whoever wrote it first. */
import type { Resource } from '@medplum/fhirtypes'
import { equal, type Piece } from '#mapping'
import { rowValue } from './row-value.ts'

/**
 * The resource among these that a nested record stands for: it says the same in all that the record's key is made of, as far as it
 * says it. An answer that was lost after the partner took a new diagnosis is mended by this, and so are two people who added it.
 */
export function recognise<T extends Resource>(piece: Piece, candidates: readonly T[]): T | undefined {
  const { rows, mapping } = piece.part
  const key = rows.find((row) => row.row.kind === 'value' && row.row.to === mapping.key)
  const identity = rows.filter((row) => row !== key && row.write === 'always' && row.from.some((name) => key?.from.includes(name)))
  return candidates.find((resource) => {
    if (resource.resourceType !== piece.resource.resourceType) return false
    const said = identity.filter((row) => rowValue(row, resource) !== undefined)
    return said.length > 0 && said.every((row) => equal(rowValue(row, resource), rowValue(row, piece.resource)))
  })
}
