import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { indexable } from '../indexable.ts'

export interface Claim {
  readonly resourceType: string
  readonly criteria: string
  readonly id: string
}

/**
 * Claims the criteria of conditional creates, in the transaction that found no match. A claim left by a match that was changed
 * since is taken over; one that somebody else has just won collides, and the transaction is repeated. Returns the criteria that were
 * claimed before: outside a serializable transaction the caller must look whether that match is still there.
 */
export async function claim(tx: Kysely<Database>, claims: readonly Claim[]): Promise<string[]> {
  if (claims.length === 0) return []
  const { rows } = await sql<{ resource_type: string; criteria: string; taken: boolean }>`
    INSERT INTO conditional_claim (resource_type, criteria, id)
    SELECT * FROM unnest(
      ${claims.map((one) => one.resourceType)}::text[],
      ${claims.map((one) => indexable(one.criteria))}::text[],
      ${claims.map((one) => one.id)}::uuid[]
    )
    ON CONFLICT (resource_type, criteria) DO UPDATE SET id = excluded.id
    RETURNING resource_type, criteria, xmax <> 0 AS taken
  `.execute(tx)
  const taken = new Set(rows.flatMap((row) => (row.taken ? [`${row.resource_type} ${row.criteria}`] : [])))
  return claims.filter((one) => taken.has(`${one.resourceType} ${indexable(one.criteria)}`)).map(({ criteria }) => criteria)
}
