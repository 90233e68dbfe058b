import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

export interface AuditEntry {
  readonly at: number
  /** Who: `engine`, or the name of a person or client. */
  readonly actor: string
  readonly action: string
  readonly linkId: string | null
  /** Codes, row names, ids of ledger rows: never a value of a record. */
  readonly detail: Readonly<Record<string, unknown>>
}

export async function noteAudit(db: Kysely<Database>, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return
  await db
    .insertInto('audit')
    .values(
      entries.map((entry) => ({
        at: new Date(entry.at),
        actor: entry.actor,
        action: entry.action,
        link_id: entry.linkId,
        detail: JSON.stringify(entry.detail)
      }))
    )
    .execute()
}

/** What was done to a link, oldest first. */
export async function auditOf(db: Kysely<Database>, linkId: string): Promise<AuditEntry[]> {
  const rows = await db.selectFrom('audit').selectAll().where('link_id', '=', linkId).orderBy('seq').execute()
  return rows.map((row) => ({
    at: row.at.getTime(),
    actor: row.actor,
    action: row.action,
    linkId: row.link_id,
    detail: row.detail as Record<string, unknown>
  }))
}
