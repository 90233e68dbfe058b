import { realPorts } from '../adapters/real-ports.ts'
import { readConfig } from '../config.ts'
import { type Ledger, ledgerOn } from '../ledger/ledger.ts'
import type { Ports } from '../ports.ts'
import type { Cli } from './cli.ts'
import { commandLog } from './command-log.ts'
import { type OpenEngine, openEngine } from './open-engine.ts'
import { openSharedDatabase } from './open-shared-database.ts'

/** Runs a command that needs the engine once, beside one that may be running. Its schedules and workers are not begun. */
export async function withEngine<T>(
  cli: Cli,
  use: (open: OpenEngine & { ports: Ports; ledger: Ledger }) => Promise<T>
): Promise<T> {
  const config = await readConfig(cli.env, cli.folder)
  const log = commandLog(config)
  const { close, ...ports } = realPorts()
  try {
    const open = await openEngine({ config, ports, log, openDatabase: () => openSharedDatabase(config, ports, log) })
    try {
      return await use({ ...open, ports, ledger: ledgerOn(open.db) })
    } finally {
      await open.close()
    }
  } finally {
    await close()
  }
}
