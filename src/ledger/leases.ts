import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Takes a named lease, or extends one that this holder has; the fence, or undefined while another holder has it. */
export async function takeLease(
  db: Kysely<Database>,
  name: string,
  holder: string,
  now: number,
  until: number
): Promise<number | undefined> {
  const { rows } = await sql<{ fence: number }>`
    INSERT INTO lease (name, holder, fence, until) VALUES (${name}, ${holder}, 1, ${until})
    ON CONFLICT (name) DO UPDATE SET
      fence = CASE WHEN lease.holder = excluded.holder AND lease.until > ${now} THEN lease.fence ELSE lease.fence + 1 END,
      holder = excluded.holder, until = excluded.until
    WHERE lease.holder = excluded.holder OR lease.until <= ${now}
    RETURNING fence
  `.execute(db)
  return rows[0]?.fence
}

/** Ends all leases, of runs and of links: only for who knows that no other engine is alive. Fences go on growing. */
export async function endAllLeases(db: Kysely<Database>): Promise<void> {
  await db.updateTable('lease').set({ until: 0 }).execute()
  await db.updateTable('link').set({ leased_until: 0 }).where('leased_until', '>', 0).execute()
}

export async function dropLease(db: Kysely<Database>, name: string, fence: number): Promise<void> {
  await db.updateTable('lease').set({ until: 0 }).where('name', '=', name).where('fence', '=', fence).execute()
}
