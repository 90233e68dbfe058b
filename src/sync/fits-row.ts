/** Whether a value that a person gives for a row can stand there, on both sides. */
import { type BoundEntity, type BoundRow, equal, readText, Unreadable } from '#mapping'

/** Why a value does not fit the row with this id, in words for the person; `undefined` when it does. A missing value clears the row. */
export function whyUnfit(bound: BoundEntity, rowId: string, value: unknown): string | undefined {
  const row = findRow(bound, rowId)
  if (row?.row.kind !== 'value') return 'this row takes no value of its own: choose one of the sides'
  if (value === undefined) return undefined
  if (value === '') return 'FHIR has no empty text: give null to clear the row'
  const partner = row.conversion ? toPartner(row, value) : value
  if (partner instanceof Unreadable) return `the value ${partner.message}`
  if (!isOfType(partner, row.type)) return `the partner takes a ${row.type} here`
  const back = row.conversion ? row.conversion.toFhir(partner) : typeof partner === 'string' ? readText(partner) : partner
  if (back instanceof Unreadable) return `the value ${back.message}`
  return equal(back, value) ? undefined : 'the value would come back from the partner as another one'
}

/** A conversion expects its own type; a value that a person typed may be anything. */
function toPartner(row: BoundRow, value: unknown): unknown {
  try {
    return row.conversion?.toPartner(value)
  } catch {
    return new Unreadable('is not of the form that the element has')
  }
}

function isOfType(value: unknown, type: BoundRow['type']): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'any') return typeof value !== 'object'
  return typeof value === type
}

/** `<place>.<element>`: the place ends with the name of the part that has the row. */
function findRow(bound: BoundEntity, rowId: string): BoundRow | undefined {
  for (const part of bound.parts) {
    if (part.kind === 'nested') {
      const inside = rowId.startsWith(`${part.name}[`)
        ? findRow(part.entity, rowId.slice(rowId.lastIndexOf('].') + 2))
        : undefined
      if (inside) return inside
    } else {
      const found = part.rows.find((row) => rowId === `${part.name}.${row.row.to}`)
      if (found) return found
    }
  }
  return undefined
}
