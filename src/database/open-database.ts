import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Log } from '../log.ts'
import type { Clock, NewId } from '../ports.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { migrate } from './migrate.ts'
import type { Database } from './tables.ts'

export interface OpenDatabase {
  readonly db: Kysely<Database>
  readonly pool: pg.Pool
  readonly url: string
  /** The embedded Postgres was started here, so whoever held something in it before is gone. */
  readonly startedHere: boolean
  /** Ends the connections, and the embedded Postgres if it was started here. */
  close(): Promise<void>
}

/**
 * Opens the database at `url`, or else an embedded Postgres in the data folder, with its schema up to date. Throws
 * `DataFolderInUse` when another engine runs in that folder.
 */
export async function openDatabase(options: {
  readonly url?: string | undefined
  readonly dataFolder: string
  readonly log: Log
  readonly clock: Clock
  readonly newId: NewId
}): Promise<OpenDatabase> {
  const embedded = options.url ? undefined : await startEmbeddedPostgres(options)
  const url = options.url || (embedded?.url ?? '')
  const { db, pool } = connect(url, options.log)
  const close = async () => {
    await db.destroy()
    await embedded?.stop()
  }
  try {
    for (const migration of await migrate(db as Kysely<unknown>)) options.log.info('migration ran', { migration })
    return { db, pool, url, startedHere: embedded !== undefined, close }
  } catch (error) {
    await close()
    throw isUnreachable(error) ? new DatabaseUnreachable(url, error) : error
  }
}

/** There is no Postgres at the address, or it does not let us in. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable'

  constructor(url: string, cause: Error) {
    const where = URL.canParse(url) ? new URL(url).host + new URL(url).pathname : 'an address that is no url'
    super(`The database at ${where} cannot be opened (${cause.message}): start it, or correct DATABASE_URL.`, { cause })
  }
}

/** Failures to connect, and SQLSTATE classes 28 (authorization), 3D (no such database) and 57P03 (starting or stopping). */
function isUnreachable(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|28|3D|57P03)/.test(code)
}

/** A pool on the database, and kysely on the pool. `db.destroy()` ends both. */
export function connect(url: string, log: Log, maxConnections = 20): { db: Kysely<Database>; pool: pg.Pool } {
  const pool = new pg.Pool({ connectionString: url, max: maxConnections, types: { getTypeParser }, application_name: 'ligature' })
  // An idle connection that breaks is no error of anybody's query; without a listener it would end the process.
  pool.on('error', (error) => log.warn('database connection lost', { error }))
  return { db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), pool }
}

const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: 'text' | 'binary') =>
  type === pg.types.builtins.INT8 ? parseBigint : pg.types.getTypeParser(type, format as 'text')

/** Postgres counts in int8; a number where that is exact, else the digits as text. */
function parseBigint(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}
