import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Kysely, sql } from 'kysely'

/** A step of the schema: `0002-ledger.ts` with an `up`. Forward only. */
interface Migration {
  readonly name: string
  readonly checksum: string
  readonly file: string
}

/** The database has been migrated by a later version of this program. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew'

  constructor(names: readonly string[]) {
    super(
      `The database has migrations that this version does not know (${names.join(', ')}): start the newer version, or use another database.`
    )
  }
}

/** A migration was edited after this database had run it. */
export class MigrationChanged extends Error {
  override readonly name = 'MigrationChanged'

  constructor(name: string) {
    super(`Migration ${name} was changed after this database had run it: undo the change and put it into a new migration.`)
  }
}

/**
 * Brings the schema up to date; returns the names of the migrations that this call ran. Any number of processes may call it at
 * once: each migration runs once, in a transaction of its own.
 */
export async function migrate(db: Kysely<unknown>, folder: string = migrationsFolder): Promise<string[]> {
  const migrations = readMigrations(folder)
  const ran: string[] = []
  for (;;) {
    const name = await db.transaction().execute((tx) => runNext(tx, migrations))
    if (name === undefined) return ran
    ran.push(name)
  }
}

const migrationsFolder = join(import.meta.dirname, 'migrations')

// Any number will do, as long as it never changes.
const lockKey = 5_474_911_027_431

async function runNext(tx: Kysely<unknown>, migrations: readonly Migration[]): Promise<string | undefined> {
  // Must come first: CREATE TABLE IF NOT EXISTS itself fails when two transactions run it at the same moment.
  await sql`SELECT pg_advisory_xact_lock(${lockKey}::bigint)`.execute(tx)
  await sql`CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())`.execute(tx)
  const next = firstMissing(migrations, await readApplied(tx))
  if (next === undefined) return undefined

  const { up } = (await import(pathToFileURL(next.file).href)) as { up(db: Kysely<unknown>): Promise<void> }
  await up(tx)
  await sql`INSERT INTO migration (name, checksum) VALUES (${next.name}, ${next.checksum})`.execute(tx)
  return next.name
}

async function readApplied(tx: Kysely<unknown>): Promise<Map<string, string>> {
  const { rows } = await sql<{ name: string; checksum: string }>`SELECT name, checksum FROM migration`.execute(tx)
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

function firstMissing(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): Migration | undefined {
  const known = new Set(migrations.map((migration) => migration.name))
  const unknown = [...applied.keys()].filter((name) => !known.has(name)).sort()
  if (unknown.length > 0) throw new DatabaseTooNew(unknown)
  for (const { name, checksum } of migrations) {
    if (applied.has(name) && applied.get(name) !== checksum) throw new MigrationChanged(name)
  }
  return migrations.find((migration) => !applied.has(migration.name))
}

function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort()
  const numbers = new Set<string>()
  return files.map((file) => {
    const number = /^(\d{4})-[a-z0-9-]+\.ts$/.exec(file)?.[1]
    if (number === undefined) throw new Error(`${join(folder, file)}: a migration is named like 0004-what-it-adds.ts`)
    if (numbers.has(number)) throw new Error(`${join(folder, file)}: number ${number} is taken, give it the next free one`)
    numbers.add(number)
    return { name: file.replace(/\.ts$/, ''), checksum: checksumOf(join(folder, file)), file: join(folder, file) }
  })
}

function checksumOf(file: string): string {
  // A checkout on Windows may have turned the line ends.
  return createHash('sha256').update(readFileSync(file, 'utf8').replaceAll('\r\n', '\n')).digest('hex')
}
