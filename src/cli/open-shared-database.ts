import type { Config } from '../config.ts'
import { runningPostgresUrl } from '../database/embedded-postgres.ts'
import { type OpenDatabase, openDatabase } from '../database/open-database.ts'
import type { Log } from '../log.ts'
import type { Ports } from '../ports.ts'

/**
 * Opens the database beside an engine that may be running: the configured one, else the embedded one of the data folder, where it
 * runs or started here for as long as the command takes.
 */
export async function openSharedDatabase(config: Config, ports: Ports, log: Log): Promise<OpenDatabase> {
  const { clock, newId } = ports
  const options = { dataFolder: config.dataFolder, log, clock, newId }
  if (config.databaseUrl) return openDatabase({ ...options, url: config.databaseUrl })
  const patience = clock.now() + 20_000
  for (;;) {
    try {
      return await openDatabase(options)
    } catch (error) {
      const inUse = error instanceof Error && error.name === 'DataFolderInUse'
      const url = inUse ? runningPostgresUrl(config.dataFolder) : undefined
      if (url) return openDatabase({ ...options, url })
      // The other engine is just starting, or just ending.
      if (!inUse || clock.now() > patience) throw error
      await clock.sleep(200)
    }
  }
}
