import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/** What became of the records of a run, each counted once: `seen` is the sum of the others. */
export interface Books {
  seen: number
  applied: number
  unchanged: number
  echo: number
  merged: number
  conflicted: number
  parked: number
  skipped: number
  /** Why records were skipped or parked, and which fields are in no schema; how many records for each. */
  reasons: Record<string, number>
}

export interface Run {
  readonly id: string
  readonly connection: string
  readonly entity: string
  readonly kind: 'sweep' | 'poll' | 'nested' | 'due'
  readonly state: 'running' | 'done' | 'failed'
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly books: Books
  readonly error: string | null
}

type Db = Kysely<Database>

export async function startRun(db: Db, run: Pick<Run, 'id' | 'connection' | 'entity' | 'kind' | 'startedAt'>): Promise<void> {
  await db
    .insertInto('run')
    .values({
      id: run.id,
      connection: run.connection,
      entity: run.entity,
      kind: run.kind,
      state: 'running',
      started_at: new Date(run.startedAt),
      seen: 0,
      applied: 0,
      unchanged: 0,
      echo: 0,
      merged: 0,
      conflicted: 0,
      parked: 0,
      skipped: 0,
      reasons: '{}'
    })
    .execute()
}

/** Puts a run's books, in the transaction of the page that they count. */
export async function keepBooks(db: Db, id: string, books: Books): Promise<void> {
  const { reasons, ...counts } = books
  await db
    .updateTable('run')
    .set({ ...counts, reasons: JSON.stringify(reasons) })
    .where('id', '=', id)
    .execute()
}

export async function finishRun(db: Db, id: string, state: 'done' | 'failed', at: number, error: string | null): Promise<void> {
  await db
    .updateTable('run')
    .set({ state, finished_at: new Date(at), error })
    .where('id', '=', id)
    .execute()
  await db.deleteFrom('run_seen').where('run_id', '=', id).execute()
}

/** Runs left by a process that died. */
export async function failStaleRuns(db: Db, connection: string, entity: string, at: number): Promise<void> {
  const rows = await db
    .updateTable('run')
    .set({ state: 'failed', finished_at: new Date(at), error: 'interrupted' })
    .where('connection', '=', connection)
    .where('entity', '=', entity)
    .where('state', '=', 'running')
    .returning('id')
    .execute()
  if (rows.length > 0)
    await db
      .deleteFrom('run_seen')
      .where(
        'run_id',
        'in',
        rows.map((row) => row.id)
      )
      .execute()
}

/** Notes which links a sweep has met. */
export async function noteSeen(db: Db, runId: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return
  await sql`INSERT INTO run_seen (run_id, link_id) SELECT ${runId}::uuid, * FROM unnest(${linkIds}::uuid[])`.execute(db)
}

/** The links of a record type that a complete sweep has not met, and how many there are in all. */
export async function unseenLinks(
  db: Db,
  runId: string,
  connection: string,
  entity: string
): Promise<{ unseen: { id: string; missing: number }[]; all: number }> {
  const { rows } = await sql<{ id: string; missing: number }>`
    SELECT l.id, l.missing FROM link l
    WHERE l.connection = ${connection} AND l.entity = ${entity} AND l.partner_key IS NOT NULL AND l.state <> 'tombstone'
      AND NOT EXISTS (SELECT 1 FROM run_seen s WHERE s.run_id = ${runId} AND s.link_id = l.id)
  `.execute(db)
  const count = await sql<{ all: number }>`
    SELECT count(*)::int AS all FROM link
    WHERE connection = ${connection} AND entity = ${entity} AND partner_key IS NOT NULL AND state <> 'tombstone'
  `.execute(db)
  return { unseen: rows, all: count.rows[0]?.all ?? 0 }
}

/** Counts one more complete listing without these records. */
export async function countMissing(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await sql`UPDATE link SET missing = missing + 1, revision = revision + 1 WHERE id = any(${ids}::uuid[])`.execute(db)
}

/** Records that were missed and are back. */
export async function countFound(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql`UPDATE link SET missing = 0 WHERE missing > 0 AND id = any(${ids}::uuid[])`.execute(db)
}

/** The last runs, newest first. */
export async function lastRuns(db: Db, limit = 20): Promise<Run[]> {
  const rows = await db.selectFrom('run').selectAll().orderBy('started_at', 'desc').limit(limit).execute()
  return rows.map((row) => ({
    id: row.id,
    connection: row.connection,
    entity: row.entity,
    kind: row.kind as Run['kind'],
    state: row.state as Run['state'],
    startedAt: row.started_at.getTime(),
    finishedAt: row.finished_at?.getTime() ?? null,
    error: row.error,
    books: {
      seen: row.seen,
      applied: row.applied,
      unchanged: row.unchanged,
      echo: row.echo,
      merged: row.merged,
      conflicted: row.conflicted,
      parked: row.parked,
      skipped: row.skipped,
      reasons: row.reasons as Record<string, number>
    }
  }))
}
