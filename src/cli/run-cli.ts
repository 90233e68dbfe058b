import { Command, CommanderError } from 'commander'
import { type Cli, processCli } from './cli.ts'

type Add = (program: Command, cli: Cli) => void

/** The commands in the order of the help. Only the one that is asked for is loaded: half of a short command's time is loading. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  start: async () => (await import('./start.ts')).addStartCommand,
  sync: async () => (await import('./sync.ts')).addSyncCommand,
  map: async () => (await import('./map.ts')).addMapCommand,
  explain: async () => (await import('./explain.ts')).addExplainCommand,
  impact: async () => (await import('./impact.ts')).addImpactCommand,
  ledger: async () => (await import('./ledger.ts')).addLedgerCommand,
  conflicts: async () => (await import('./conflicts.ts')).addConflictsCommand,
  parked: async () => (await import('./parked.ts')).addParkedCommand,
  crosswalk: async () => (await import('./crosswalk.ts')).addCrosswalkCommand,
  partners: async () => (await import('./partners.ts')).addPartnersCommand,
  docs: async () => (await import('./docs-command.ts')).addDocsCommand,
  doctor: async () => (await import('./doctor.ts')).addDoctorCommand
}

/** Runs one command line and sets the process's exit code. */
export async function runCli(argv: readonly string[], cli: Cli = processCli()): Promise<void> {
  const program = new Command('ligature')
    .description('Keeps partner records and FHIR resources in step, both ways.')
    .helpCommand(true)
    .showHelpAfterError('Add --help to see how it is used.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.print(text.trimEnd()), writeErr: (text) => cli.tell(text.trimEnd()) })
    .addHelpText('after', '\nExit codes: 0 done, 1 work is left for a person, 2 wrong use or bad input.')
  const asked = commands[argv[2] ?? '']
  for (const load of asked ? [asked] : Object.values(commands)) (await load())(program, cli)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    cli.exitCode = failed(error, cli)
  }
  process.exitCode = cli.exitCode
}

/** The edge: an error becomes a message and an exit code here and nowhere else. */
function failed(error: unknown, cli: Cli): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Error && error.name === 'TryLater') {
    cli.tell(`ligature: not now: ${error.message}. What was decided is kept, and the next round tries again.`)
    return 1
  }
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
  'FolderNotMade',
  'DatabaseUnreachable',
  'ClusterBroken',
  'PostgresStartFailed',
  'PartnerDeclarationError',
  'DatabaseTooNew',
  'MigrationChanged',
  'UnknownConnection',
  'CannotSettle'
])
