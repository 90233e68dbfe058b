import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

/** What waits for a person. */
export interface WorkLeft {
  readonly conflicts: number
  /** Writes whose outcome is not known and which may not be repeated. */
  readonly parked: number
  /** Links that are parked or went back and forth too often. */
  readonly links: number
  /** Links that wait for something that is not there yet; they go on by themselves when it is. */
  readonly waiting: number
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
    links: await count('link', ['parked', 'fused']),
    waiting: await count('link', ['waiting'])
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

export const isNone = ({ conflicts, parked, links, waiting }: WorkLeft): boolean => conflicts + parked + links + waiting === 0

export function workLeftInWords(left: WorkLeft): string | undefined {
  const parts = [
    left.conflicts > 0 ? `${counted(left.conflicts, 'conflict')} (npx ligature conflicts)` : undefined,
    left.parked > 0 ? `${counted(left.parked, 'parked write')} (npx ligature parked)` : undefined,
    left.links > 0 ? `${counted(left.links, 'parked link')} (npx ligature parked)` : undefined,
    left.waiting > 0 ? `${counted(left.waiting, 'waiting link')} (npx ligature ledger)` : undefined
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : `Left for a person: ${parts.join(', ')}.`
}
