import { Command, CommanderError } from 'commander'
import { type Cli, processCli } from './cli.ts'
import { addConflictsCommand } from './conflicts.ts'
import { addDocsCommand } from './docs-command.ts'
import { addDoctorCommand } from './doctor.ts'
import { addExplainCommand } from './explain.ts'
import { addImpactCommand } from './impact.ts'
import { addLedgerCommand } from './ledger.ts'
import { addMapCommand } from './map.ts'
import { addParkedCommand } from './parked.ts'
import { addPartnersCommand } from './partners.ts'
import { addStartCommand } from './start.ts'
import { addSyncCommand } from './sync.ts'

const commands = [
  addStartCommand,
  addSyncCommand,
  addMapCommand,
  addExplainCommand,
  addImpactCommand,
  addLedgerCommand,
  addConflictsCommand,
  addParkedCommand,
  addPartnersCommand,
  addDocsCommand,
  addDoctorCommand
]

/** Runs one command line and sets the process's exit code. */
export async function runCli(argv: readonly string[], cli: Cli = processCli()): Promise<void> {
  const program = new Command('ligature')
    .description('Keeps partner records and FHIR resources in step, both ways.')
    .helpCommand(true)
    .showHelpAfterError('Add --help to see how it is used.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.print(text.trimEnd()), writeErr: (text) => cli.tell(text.trimEnd()) })
    .addHelpText('after', '\nExit codes: 0 done, 1 work is left for a person, 2 wrong use or bad input.')
  for (const add of commands) add(program, cli)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    cli.exitCode = failed(error, cli)
  }
  process.exitCode = cli.exitCode
}

/** The edge: an error becomes a message and an exit code here and nowhere else. */
function failed(error: unknown, cli: Cli): 0 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Error && isOurs.has(error.name)) {
    cli.tell(`ligature: ${error.message}`)
    return 2
  }
  // The message of an error from outside may quote a record: its class, its code and where it happened are all that is shown.
  const { name, code, stack = '' } = error as Error & { code?: unknown }
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const what = typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? `${name} ${code}` : name
  cli.tell([`ligature: unexpected error (${what}). Please report it with these lines:`, ...frames].join('\n'))
  return 2
}

/** Errors whose message is for the operator, names a remedy and holds no content. */
const isOurs = new Set([
  'WrongUse',
  'ConfigError',
  'SecretMissing',
  'DataFolderInUse',
  'DataFolderClosed',
  'DatabaseUnreachable',
  'ClusterBroken',
  'PostgresStartFailed',
  'PartnerDeclarationError',
  'DatabaseTooNew',
  'MigrationChanged',
  'UnknownConnection',
  'CannotSettle'
])
