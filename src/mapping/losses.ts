/** What does not survive the way there and back, as sorted plain lines: a change that adds a line is a change for the worse. */

import type { Conversion } from './conversion.ts'
import type { AnyEntity, ResourcePart } from './entity.ts'
import { fieldsOf, isLiving, type Row, writeOf } from './row.ts'

export function lossesOf(entity: AnyEntity): string[] {
  const resources = Object.entries(entity.parts).filter((part): part is [string, ResourcePart] => part[1].kind === 'resource')
  const lines = resources.flatMap(([name, { mapping }]) =>
    mapping.rows.flatMap((row) => lossesOfRow(row).map((loss) => `${entity.partner}/${entity.name} ${name}: ${loss}`))
  )
  const masterData = entity.masterData
    ? [`${entity.partner}/${entity.name}: nothing changed in FHIR reaches the partner (its master data)`]
    : []
  return [...new Set([...masterData, ...lines])].sort()
}

function lossesOfRow(row: Row): string[] {
  switch (row.kind) {
    case 'kept':
      return row.fields.map((field) => `${field} is not in FHIR (${row.reason})`)
    case 'fixed':
      return [`${row.to} changed in FHIR does not reach the partner (a constant here)`]
    case 'derived':
      return [`${row.from} is not in FHIR (repeats other fields)`]
  }
  if (!isLiving(row)) return []
  const fields = fieldsOf(row).join(', ')
  const write = writeOf(row)
  const writing =
    write === 'always'
      ? []
      : [`${row.to} changed in FHIR does not reach ${fields}${write === 'on-create' ? ' after it was created' : ''}`]
  return [...writing, ...conversionsOf(row).flatMap(({ loses = [] }) => loses.map((loss) => `${fields} ⇄ ${row.to}: ${loss}`))]
}

function conversionsOf(row: Row): Conversion[] {
  if (row.kind === 'value') return row.conversion ? [row.conversion] : []
  return row.kind === 'list' && row.also ? [row.also.conversion] : []
}
