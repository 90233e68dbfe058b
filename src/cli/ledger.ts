import type { Command } from 'commander'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Link } from '../ledger/links.ts'
import { booksTable } from './books-table.ts'
import { type Cli, printResult } from './cli.ts'
import { linkReport, linkReportInWords } from './link-report.ts'
import { paragraphs, table } from './table.ts'
import { type OpenLedger, withLedger } from './with-ledger.ts'
import { workLeft, workLeftInWords } from './work-left.ts'
import { WrongUse } from './wrong-use.ts'

/** `ligature ledger`: what is kept in step, and everything that is known of one link. */
export function addLedgerCommand(program: Command, cli: Cli): void {
  program
    .command('ledger')
    .description(
      'all links by state and the last runs; or one link with its resources, observations, writes, conflicts and audit'
    )
    .argument('[which]', "a link's id, a resource as Condition/<id>, or the partner's key of a record")
    .option('--json', 'as JSON')
    .action((which: string | undefined, { json }: { json?: boolean }) =>
      withLedger(cli, async (open) => (which === undefined ? printOverview(cli, open, json) : printLinks(cli, open, which, json)))
    )
}

async function printOverview(cli: Cli, { db, ledger }: OpenLedger, json: boolean | undefined): Promise<void> {
  const counted = await db
    .selectFrom('link')
    .select((eb) => ['connection', 'entity', 'state', 'reason', eb.fn.countAll<number>().as('links')])
    .groupBy(['connection', 'entity', 'state', 'reason'])
    .orderBy('connection')
    .orderBy('entity')
    .orderBy('state')
    .execute()
  const links = counted.map((row) => ({ ...row, links: Number(row.links) }))
  const runs = await ledger.lastRuns(10)
  const left = await workLeft(db)
  printResult(cli, json, { links, runs, left }, () =>
    paragraphs(
      links.length > 0
        ? table(
            ['connection', 'record type', 'state', 'links', 'because'],
            links.map((row) => [row.connection, row.entity, row.state, row.links, row.reason])
          )
        : 'The ledger is empty: nothing has been synced yet (ligature start, or ligature sync).',
      runs.length > 0 ? `The last runs, newest first:\n${booksTable(runs)}` : undefined,
      workLeftInWords(left)
    )
  )
}

async function printLinks(cli: Cli, open: OpenLedger, which: string, json: boolean | undefined): Promise<void> {
  const links = await findLinks(open, which)
  if (links.length === 0) {
    throw new WrongUse(
      `Nothing in the ledger is '${which}'. Give a link's id, a resource as Condition/<id>, or the partner's key of a record.`
    )
  }
  const reports = await Promise.all(links.map((link) => linkReport(open, link)))
  printResult(cli, json, reports, () => reports.map(linkReportInWords).join('\n\n\n'))
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function findLinks({ db, ledger }: OpenLedger, which: string): Promise<Link[]> {
  const ids = uuid.test(which) ? [which, ...(await linksOfResource(db, undefined, which))] : await otherwise(db, which)
  return [...(await ledger.readLinks([...new Set(ids)])).values()]
}

async function otherwise(db: Kysely<Database>, which: string): Promise<string[]> {
  const [, type, id = ''] = /^([A-Z][A-Za-z]+)\/([^/]+)$/.exec(which) ?? []
  if (type && uuid.test(id)) return linksOfResource(db, type, id)
  const rows = await db.selectFrom('link').select('id').where('partner_key', '=', which).limit(20).execute()
  return rows.map((row) => row.id)
}

async function linksOfResource(db: Kysely<Database>, type: string | undefined, id: string): Promise<string[]> {
  const { rows } = await sql<{ link_id: string }>`
    SELECT link_id FROM link_resource
    WHERE resource_id = ${id}::uuid AND (${type ?? null}::text IS NULL OR resource_type = ${type ?? null})
    UNION SELECT id FROM link
    WHERE anchor_id = ${id}::uuid AND (${type ?? null}::text IS NULL OR anchor_type = ${type ?? null})
    LIMIT 20
  `.execute(db)
  return rows.map((row) => row.link_id)
}
