import type { Command } from 'commander'
import { type Cli, printResult } from './cli.ts'
import { linkReport, linkReportInWords, timeText } from './link-report.ts'
import { settleParked } from './settle-parked.ts'
import { paragraphs, table } from './table.ts'
import { type OpenLedger, withLedger } from './with-ledger.ts'
import { requireUuid, WrongUse } from './wrong-use.ts'

interface Options {
  readonly json?: boolean
}

/** `ligature parked`: links that only a person can move on, and how. */
export function addParkedCommand(program: Command, cli: Cli): void {
  const parked = program.command('parked').description('what only a person can move on: list, show, adopt, send-once, leave')
  parked
    .command('list', { isDefault: true })
    .description('the parked links; exit code 1 when there are any')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withLedger(cli, async (open) => {
        const found = await parkedLinks(open)
        printResult(cli, options.json, found, () => (found.length === 0 ? 'Nothing is parked.' : listInWords(found)))
        cli.exitCode = found.length === 0 ? 0 : 1
      })
    )
  parked
    .command('show')
    .description('one parked link')
    .argument('<id>', 'as the list shows it')
    .option('--json', 'as JSON')
    .option('--show-values', 'with what was sent, which is about a patient')
    .action((id: string, options: Options & { showValues?: boolean }) => showParked(cli, requireUuid(id), options))
  settling('adopt', 'it was created: this is its key at the partner')
    .requiredOption('--key <key>', "the partner's key of the record")
    .action((id: string, { key, json }: Options & { key: string }) =>
      settleParked(cli, requireUuid(id), { kind: 'adopt', partnerKey: key }, json)
    )
  settling('send-once', 'it was not created: send it once more').action((id: string, { json }: Options) =>
    settleParked(cli, requireUuid(id), { kind: 'send-once' }, json)
  )
  settling('leave', 'leave it parked; noted in the audit').action((id: string, { json }: Options) =>
    settleParked(cli, requireUuid(id), { kind: 'leave' }, json)
  )

  function settling(name: string, what: string): Command {
    return parked.command(name).description(what).argument('<id>', 'as the list shows it').option('--json', 'as JSON')
  }
}

const showParked = (cli: Cli, id: string, options: Options & { showValues?: boolean }) =>
  withLedger(cli, (open) => show(cli, open, id, options))

type Parked = Awaited<ReturnType<typeof parkedLinks>>[number]

async function parkedLinks({ ledger }: OpenLedger) {
  const links = await ledger.linksInState(['parked', 'fused'])
  const intents = new Map((await ledger.intentsInState(['parked'])).map((intent) => [intent.linkId, intent]))
  return links.map(({ id, connection, entity, state, reason }) => {
    const intent = intents.get(id)
    return {
      id,
      connection,
      entity,
      state,
      reason,
      call: intent?.call ?? null,
      sentAt: intent?.sentAt ? timeText(intent.sentAt) : null
    }
  })
}

function listInWords(found: readonly Parked[]): string {
  const rows = found.map((one) => [one.id, one.connection, one.entity, one.state, one.reason, one.call, one.sentAt])
  return paragraphs(
    table(['id', 'connection', 'record type', 'state', 'reason', 'call', 'sent'], rows),
    'Settle one: ligature parked adopt <id> --key <key> | send-once <id> | leave <id>'
  )
}

async function show(
  cli: Cli,
  open: OpenLedger,
  id: string,
  { json, showValues }: Options & { showValues?: boolean }
): Promise<void> {
  const link = (await open.ledger.readLinks([id])).get(id)
  if (!link) throw new WrongUse(`There is no link ${id}. See ligature parked.`)
  const report = await linkReport(open, link)
  const [intent] = await open.ledger.liveIntents(id)
  const content = showValues && intent ? await open.ledger.intentContent(intent.id) : undefined
  printResult(cli, json, content ? { ...report, sent: content.body, said: content.said } : report, () =>
    paragraphs(
      linkReportInWords(report),
      content
        ? `Sent\n${JSON.stringify(content.body, null, 2)}`
        : intent && 'What was sent is about a patient: --show-values shows it.',
      content?.said === undefined ? undefined : `The partner said\n${content.said}`
    )
  )
}
