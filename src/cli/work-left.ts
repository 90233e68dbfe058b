import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

/** What waits for a person. */
export interface WorkLeft {
  readonly conflicts: number
  /** Writes whose outcome is not known and which may not be repeated. */
  readonly parked: number
  /** Links that are parked or went back and forth too often. */
  readonly links: number
}

export async function workLeft(db: Kysely<Database>): Promise<WorkLeft> {
  const count = async (table: 'conflict' | 'intent' | 'link', states: readonly string[]): Promise<number> => {
    const { found } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('found'))
      .where('state', 'in', states)
      .executeTakeFirstOrThrow()
    return Number(found)
  }
  return {
    conflicts: await count('conflict', ['open']),
    parked: await count('intent', ['parked']),
    links: await count('link', ['parked', 'fused'])
  }
}

export const isNone = ({ conflicts, parked, links }: WorkLeft): boolean => conflicts + parked + links === 0

export function workLeftInWords(left: WorkLeft): string | undefined {
  const parts = [
    left.conflicts > 0 ? `${left.conflicts} conflicts (ligature conflicts)` : undefined,
    left.parked > 0 ? `${left.parked} parked writes (ligature parked)` : undefined,
    left.links > 0 ? `${left.links} parked links (ligature parked)` : undefined
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : `Left for a person: ${parts.join(', ')}.`
}
