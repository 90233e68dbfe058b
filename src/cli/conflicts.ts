import { type Command, Option } from 'commander'
import type { Conflict } from '../ledger/conflicts.ts'
import { type Cli, printResult } from './cli.ts'
import { timeText } from './link-report.ts'
import { type ResolveOptions, resolveConflict } from './resolve-conflict.ts'
import { paragraphs, table } from './table.ts'
import { withLedger } from './with-ledger.ts'
import { requireUuid, WrongUse } from './wrong-use.ts'

interface ShowOptions {
  readonly json?: boolean
  readonly showValues?: boolean
}

/** `ligature conflicts`: rows that wait for a person, and the person's decision. */
export function addConflictsCommand(program: Command, cli: Cli): void {
  const conflicts = program.command('conflicts').description('rows that wait for a decision: list, show, resolve')
  conflicts
    .command('list', { isDefault: true })
    .description('the open conflicts, oldest first; exit code 1 when there are any')
    .option('--json', 'as JSON')
    .option('--show-values', 'with the values, which may be about patients')
    .action((options: ShowOptions) =>
      withLedger(cli, async ({ ledger }) => {
        const open = (await ledger.allOpenConflicts()).map((one) => described(one, options))
        printResult(cli, options.json, open, () => (open.length === 0 ? 'No conflict is open.' : listInWords(open)))
        cli.exitCode = open.length === 0 ? 0 : 1
      })
    )
  conflicts
    .command('show')
    .description('one conflict')
    .argument('<id>', 'as the list shows it')
    .option('--json', 'as JSON')
    .option('--show-values', 'with the values, which may be about patients')
    .action((given: string, options: ShowOptions) => {
      const id = requireUuid(given)
      return withLedger(cli, async ({ ledger }) => {
        const found = await ledger.readConflict(id)
        if (!found) throw new WrongUse(`There is no conflict ${id}. See ligature conflicts.`)
        const shown = described(found, options)
        printResult(cli, options.json, shown, () => inWords(shown))
      })
    })
  conflicts
    .command('resolve')
    .description('decide a conflict and bring both sides in step; exit code 1 when it stays open')
    .argument('<id>', 'as the list shows it')
    .addOption(new Option('--take <side>', 'the value of this side').choices(['partner', 'fhir']).conflicts('value'))
    .option('--value <JSON>', 'a third value, as the FHIR element holds it; "text" needs its quotes')
    .option('--json', 'as JSON')
    .action((id: string, options: ResolveOptions) => resolveConflict(cli, requireUuid(id), options))
}

type Described = ReturnType<typeof described>

function described(conflict: Conflict, { showValues }: ShowOptions) {
  const { id, linkId, row, code, state, openedAt, resolution, resolvedBy, content } = conflict
  const { from, to, message, base, partner, hub, value } = content
  const plain = { id, linkId, row, from, to, code, message, state, openedAt: timeText(openedAt), resolution, resolvedBy }
  return showValues ? { ...plain, values: { base, partner, fhir: hub, ...(value !== undefined && { value }) } } : plain
}

function listInWords(open: readonly Described[]): string {
  const rows = open.map((one) => [one.id, `${one.from} ⇄ ${one.to}`, one.code, one.openedAt, one.resolution])
  return paragraphs(
    table(['id', 'partner field ⇄ element', 'code', 'opened', 'decided'], rows),
    ...open.flatMap((one) => ('values' in one ? [`${one.id}\n${valuesInWords(one.values)}`] : [])),
    'Decide one: ligature conflicts resolve <id> --take partner | --take fhir | --value <JSON>'
  )
}

function inWords(one: Described): string {
  return paragraphs(
    `conflict ${one.id}, ${one.state}\n${one.from} ⇄ ${one.to} ${one.message}`,
    `opened ${one.openedAt} on link ${one.linkId} (${one.code})`,
    one.resolution ? `decided: ${one.resolution} by ${one.resolvedBy ?? 'a rule'}` : undefined,
    'values' in one ? valuesInWords(one.values) : 'The values may be about a patient: --show-values shows them.'
  )
}

function valuesInWords(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([side, value]) => `  ${side.padEnd(8)} ${value === undefined ? '(none)' : JSON.stringify(value)}`)
    .join('\n')
}
