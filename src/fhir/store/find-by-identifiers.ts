import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { indexable } from '../indexable.ts'
import type { ResourceKey } from '../search-index.ts'

export interface IdentifierKey {
  readonly resourceType: string
  readonly system: string
  readonly value: string
}

export interface LookupKey extends ResourceKey {
  readonly resourceType: string
}

/**
 * What a transaction means to do with identifiers until it ends: `stay` writes references to their bearers, so that nobody may move
 * them meanwhile; `move` waits for all who hold them so, and then moves them.
 */
export type Hold = 'stay' | 'move'

/** The ids that bear each identifier, by `Type?identifier=system|value`. Deleted resources bear none; an unknown key has no entry. */
export async function findByIdentifiers(
  db: Kysely<Database>,
  keys: readonly IdentifierKey[],
  hold?: Hold
): Promise<Map<string, string[]>> {
  return findByKeys(
    db,
    keys.map((key) => ({ ...key, param: 'identifier' as const })),
    hold
  )
}

/** The same for identifiers, tags (`Type?_tag=system|code`) and canonical urls (`Type?url=…`). */
export async function findByKeys(db: Kysely<Database>, keys: readonly LookupKey[], hold?: Hold): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  if (keys.length === 0) return found
  const { rows } = await sql<{ n: number; id: string }>`
    SELECT w.n::int AS n, k.id
    FROM unnest(
      ${keys.map((key) => key.resourceType)}::text[],
      ${keys.map((key) => key.param)}::text[],
      ${keys.map((key) => indexable(key.system))}::text[],
      ${keys.map((key) => indexable(key.value))}::text[]
    ) WITH ORDINALITY AS w (resource_type, param, system, value, n)
    JOIN resource_key k ON k.value = w.value AND k.system = w.system AND k.resource_type = w.resource_type AND k.param = w.param
    ORDER BY w.n, k.id ${hold ? locks[hold] : sql``}
  `.execute(db)
  for (const { n, id } of rows) {
    const key = criteriaOf(keys[n - 1] as LookupKey)
    const ids = found.get(key)
    if (!ids) found.set(key, [id])
    else if (!ids.includes(id)) ids.push(id)
  }
  return found
}

const locks = { stay: sql`FOR KEY SHARE OF k`, move: sql`FOR UPDATE OF k` } as const

/** `Condition?identifier=https://…/case-problem|1234`: a lookup as FHIR writes it in a conditional reference. */
export function criteriaOf(key: LookupKey): string {
  return `${key.resourceType}?${key.param}=${key.param === 'url' ? '' : `${key.system}|`}${key.value}`
}
