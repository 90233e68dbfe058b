import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'

export interface Bearer {
  readonly resourceType: string
  readonly id: string
  readonly system: string
  readonly value: string
}

/** Every resource that bears an identifier of one of these systems (a pattern of SQL's SIMILAR TO), in a fixed order. */
export async function findBearers(db: Kysely<Database>, systems: string): Promise<Bearer[]> {
  const { rows } = await sql<Bearer>`
    SELECT resource_type AS "resourceType", id, system, value FROM resource_key
    WHERE param = 'identifier' AND system SIMILAR TO ${systems}
    ORDER BY system, value, resource_type, id
  `.execute(db)
  return rows
}
