import { sql } from 'kysely'
import type { Config } from '../../config.ts'
import type { Ports } from '../../ports.ts'
import { commandLog } from '../command-log.ts'
import { openSharedDatabase } from '../open-shared-database.ts'
import { clockFinding } from './clock-finding.ts'
import { type Finding, saidBy } from './finding.ts'

/** Opens the database as any command would, which also brings its schema up to date. */
export async function checkDatabase(config: Config, ports: Ports): Promise<Finding[]> {
  const what = 'database'
  try {
    const database = await openSharedDatabase(config, ports, commandLog(config))
    try {
      const { rows } = await sql<{ version: string; now: Date; migrations: number }>`
        SELECT current_setting('server_version') AS version, clock_timestamp() AS now
      `.execute(database.db)
      const [found] = rows
      const where = config.databaseUrl ? 'at DATABASE_URL' : 'embedded'
      return [
        { state: 'ok', what, found: `Postgres ${found?.version.split(' ')[0]} ${where}, schema up to date` },
        clockFinding('clock of the database', (found?.now.getTime() ?? 0) - ports.clock.now())
      ]
    } finally {
      await database.close()
    }
  } catch (error) {
    return [{ state: 'fail', what, found: 'cannot be opened', remedy: saidBy(error) }]
  }
}
