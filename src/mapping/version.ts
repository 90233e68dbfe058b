import { createHash } from 'node:crypto'
import type { AnyEntity } from './entity.ts'
import { canonicalJson } from './equal.ts'
import type { Row } from './row.ts'

/**
 * The version of an entity's mapping: a digest of its rows, conversions and code tables. Renaming nothing and changing nothing
 * gives the same version on every machine; any other change gives another one.
 */
export function versionOf(entity: AnyEntity): string {
  const parts = Object.entries(entity.parts).map(([name, part]) =>
    part.kind === 'nested'
      ? { name, nested: part.nested.entity.name, fields: part.fields, version: versionOf(part.nested.entity) }
      : {
          name,
          type: part.mapping.resourceType,
          ownership: part.ownership,
          key: part.mapping.key,
          profiles: part.mapping.profiles,
          onlyWith: part.mapping.onlyWith,
          slices: part.mapping.slices({ connection: 'x' }),
          rows: part.mapping.rows.map(rowContent)
        }
  )
  return createHash('sha256')
    .update(canonicalJson({ name: entity.name, required: entity.required, parts }))
    .digest('hex')
    .slice(0, 12)
}

function rowContent(row: Row): unknown {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'function') plain[name] = String(value)
    else if (name === 'conversion' && row.kind === 'value' && row.conversion) {
      const { name: title, table, loses, target, bind } = row.conversion
      const functions = bind({ connection: 'x', serviceTimeZone: 'UTC' })
      plain[name] = { title, table, loses, target, code: [String(bind), String(functions.toFhir), String(functions.toPartner)] }
    } else if (name === 'nested') plain[name] = (value as { entity: AnyEntity }).entity.name
    else plain[name] = value
  }
  return plain
}
