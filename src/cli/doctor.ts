import type { Command } from 'commander'
import { realPorts } from '../adapters/real-ports.ts'
import { readConfig } from '../config.ts'
import { type Cli, printResult } from './cli.ts'
import { checkConnections } from './doctor/check-connections.ts'
import { checkDatabase } from './doctor/check-database.ts'
import { checkDataFolder, checkNode } from './doctor/check-machine.ts'
import { checkSettings } from './doctor/check-settings.ts'
import type { Finding } from './doctor/finding.ts'
import { table } from './table.ts'

/** `ligature doctor`: what is wrong here, and what to do about it. */
export function addDoctorCommand(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('check Node, data folder, configuration, database, connections and clocks; exit code 1 when something fails')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine(cli)
      printResult(cli, json, findings, () =>
        table(
          ['', 'what', 'found', 'remedy'],
          findings.map((one) => [one.state, one.what, one.found, one.remedy])
        )
      )
      cli.exitCode = findings.some(({ state }) => state === 'fail') ? 1 : 0
    })
}

async function examine(cli: Cli): Promise<Finding[]> {
  const config = await readConfig(cli.env, cli.folder).catch((error: Error) => error)
  if (config instanceof Error) {
    return [checkNode(), { state: 'fail', what: 'configuration', found: 'cannot be used', remedy: config.message }]
  }
  const { close, ...ports } = realPorts()
  try {
    const database = await checkDatabase(config, ports)
    return [
      checkNode(),
      checkDataFolder(config),
      ...checkSettings(config),
      ...database,
      ...(await checkConnections(config, ports))
    ]
  } finally {
    await close()
  }
}
