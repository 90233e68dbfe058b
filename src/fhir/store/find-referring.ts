import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { indexable } from '../indexable.ts'
import { otherReferences } from '../search-index.ts'
import { searchParameters } from '../search-parameters.ts'
import { type ResourceRef, refKey } from './resource-ref.ts'

/** The current resources that refer to a person (Patient or Practitioner), whatever the element. */
export async function findReferring(db: Kysely<Database>, to: ResourceRef): Promise<ResourceRef[]> {
  const tokens = parametersOf(to.resourceType).map((name) => indexable(`${name}=${refKey(to)}`))
  const { rows } = await sql<{ resource_type: string; id: string }>`
    SELECT resource_type, id FROM resource WHERE search && ${tokens}::text[] AND NOT deleted ORDER BY resource_type, id
  `.execute(db)
  return rows.map((row) => ({ resourceType: row.resource_type, id: row.id }))
}

/** Every parameter by which some resource refers to this type, and the token of all elements without a parameter. */
function parametersOf(type: string): string[] {
  const names = new Set<string>([otherReferences])
  for (const own of searchParameters.values()) {
    for (const [name, { kind, targets = [] }] of own) {
      if (kind === 'reference' && (targets.length === 0 || (targets as readonly string[]).includes(type))) names.add(name)
    }
  }
  return [...names]
}
