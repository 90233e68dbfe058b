import type { RequestHandler } from 'express'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/** `GET /healthz`: 200 while the database answers. */
export function health(db: Kysely<Database>): RequestHandler {
  return async (_request, response) => {
    const alive = await sql`SELECT 1`.execute(db).then(
      () => true,
      () => false
    )
    response.status(alive ? 200 : 503).json({ status: alive ? 'ok' : 'database does not answer' })
  }
}
