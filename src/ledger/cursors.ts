import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Where a record type's next run begins. Times are milliseconds of our clock at the start of a run. */
export interface Cursor {
  readonly watermark: number | null
  readonly sweptAt: number | null
}

export async function readCursor(db: Kysely<Database>, connection: string, entity: string): Promise<Cursor> {
  const row = await db
    .selectFrom('cursor')
    .selectAll()
    .where('connection', '=', connection)
    .where('entity', '=', entity)
    .executeTakeFirst()
  return { watermark: row?.watermark ?? null, sweptAt: row?.swept_at ?? null }
}

export async function moveCursor(db: Kysely<Database>, connection: string, entity: string, cursor: Cursor): Promise<void> {
  const values = { watermark: cursor.watermark, swept_at: cursor.sweptAt }
  await db
    .insertInto('cursor')
    .values({ connection, entity, ...values })
    .onConflict((conflict) => conflict.columns(['connection', 'entity']).doUpdateSet(values))
    .execute()
}
