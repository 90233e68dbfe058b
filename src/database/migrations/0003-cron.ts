import { type Kysely, sql } from 'kysely'

/** Which cron ticks have been taken, so that each runs in one of the engine's processes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE cron_tick (key text PRIMARY KEY, at timestamptz NOT NULL)`.execute(db)
  await sql`CREATE INDEX cron_tick_at ON cron_tick (at)`.execute(db)
}
