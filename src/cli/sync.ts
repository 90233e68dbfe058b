import type { Command } from 'commander'
import type { RoundReport } from '../sync/engine.ts'
import { onboardingOf } from '../sync/would-write.ts'
import { booksTable } from './books-table.ts'
import { type Cli, printResult } from './cli.ts'
import { showProgress } from './progress.ts'
import { paragraphs, table } from './table.ts'
import { withEngine } from './with-engine.ts'
import { isNone, type WorkLeft, workLeft, workLeftInWords } from './work-left.ts'
import { WrongUse } from './wrong-use.ts'

interface SyncOptions {
  readonly full?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `ligature sync`: one round now. */
export function addSyncCommand(program: Command, cli: Cli): void {
  program
    .command('sync')
    .description('run one round now and print the books per connection and record type')
    .argument('[connection...]', 'only these connections')
    .option('--full', 'compare every record, not only what the partner says has changed')
    .option('--dry-run', 'write nothing on either side, and print what would be written')
    .option('--json', 'as JSON')
    .action((names: string[], options: SyncOptions) =>
      withEngine(cli, async ({ engine, db }) => {
        const known = engine.connections.map(({ name }) => name)
        const unknown = names.filter((name) => !known.includes(name))
        if (unknown.length > 0)
          throw new WrongUse(`There is no connection '${unknown.join("', '")}'. The connections are ${known.join(', ')}.`)
        const progress = showProgress(cli)
        const report = await engine
          .syncRound({
            ...(names.length > 0 && { connections: names }),
            full: options.full ?? false,
            dryRun: options.dryRun ?? false,
            onProgress: progress.tell
          })
          .finally(progress.end)
        const left = await workLeft(db)
        printResult(cli, options.json, { ...report, left }, () => inWords(report, left, options.dryRun))
        const failed = report.runs.some(({ state }) => state === 'failed') || report.worked.failed > 0
        cli.exitCode = failed || !isNone(left) ? 1 : 0
      })
    )
}

/** How many the hub has already, lacks, or has several of. */
function onboardingInWords(runs: RoundReport['runs']): string | undefined {
  const counts = Object.entries(onboardingOf(runs.flatMap(({ wouldWrite }) => wouldWrite)))
  const rows = counts.map(([what, { linked, created, ambiguous }]) => [what, linked, created, ambiguous])
  return rows.length > 0 ? table(['what is new', 'linked', 'created', 'ambiguous'], rows) : undefined
}

const shownAtMost = 40

function inWords({ runs, worked, wouldTell }: RoundReport, left: WorkLeft, isDry: boolean | undefined): string {
  const { links, pushed, conflicted, waiting, parked, failed } = worked
  const writes = [...runs.flatMap(({ wouldWrite }) => wouldWrite), ...wouldTell].map((one) => [
    one.connection,
    one.entity,
    one.partnerKey,
    one.hub,
    one.partner,
    one.rows.join(' ')
  ])
  return paragraphs(
    booksTable(runs),
    links > 0
      ? `Worked ${links} links: ${pushed} told the partner, ${conflicted} in conflict, ${waiting} waiting, ${parked} parked, ${failed} failed.`
      : undefined,
    isDry ? 'Nothing was written.' : undefined,
    isDry && writes.length > 0
      ? table(['connection', 'record type', 'key', 'hub', 'partner', 'rows'], writes.slice(0, shownAtMost))
      : undefined,
    isDry ? onboardingInWords(runs) : undefined,
    isDry && writes.length > shownAtMost ? `and ${writes.length - shownAtMost} more (--json has them all)` : undefined,
    isDry && writes.length === 0 ? 'Both sides agree: nothing would be.' : undefined,
    workLeftInWords(left)
  )
}
