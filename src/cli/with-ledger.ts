import type { Kysely } from 'kysely'
import { type BoundEntity, bind } from '#mapping'
import { realPorts } from '../adapters/real-ports.ts'
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../database/tables.ts'
import { type Ledger, ledgerOn } from '../ledger/ledger.ts'
import { loadPartners } from '../partners.ts'
import type { Ports } from '../ports.ts'
import type { Cli } from './cli.ts'
import { commandLog } from './command-log.ts'
import { openSharedDatabase } from './open-shared-database.ts'

export interface OpenLedger {
  readonly config: Config
  readonly ports: Ports
  readonly db: Kysely<Database>
  readonly ledger: Ledger
  /** The mapping of a link's records, bound to its connection; undefined when its partner is no longer there. */
  boundOf(link: { readonly connection: string; readonly entity: string }): BoundEntity | undefined
}

/** Runs a command that reads or writes the ledger, with or without an engine beside it. */
export async function withLedger<T>(cli: Cli, use: (open: OpenLedger) => Promise<T>): Promise<T> {
  const config = await readConfig(cli.env, cli.folder)
  const partners = await loadPartners()
  const { close, ...ports } = realPorts()
  try {
    const database = await openSharedDatabase(config, ports, commandLog(config))
    try {
      const boundOf: OpenLedger['boundOf'] = ({ connection, entity }) => {
        const configured = config.connections.find(({ name }) => name === connection)
        const module = partners.find(({ name }) => name === (configured?.partner ?? connection))
        const found = module?.entities.find(({ name }) => name === entity)
        return found && bind(found, { connection, serviceTimeZone: configured?.serviceTimeZone ?? 'UTC' })
      }
      return await use({ config, ports, db: database.db, ledger: ledgerOn(database.db), boundOf })
    } finally {
      await database.close()
    }
  } finally {
    await close()
  }
}
