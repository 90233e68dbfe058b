import { importIdentities, type Linked } from '../sync/crosswalk/link-identity.ts'
import { type Cli, printResult } from './cli.ts'
import { assertionOf, deciding } from './crosswalk-assertion.ts'
import { type CsvRow, parseCsv } from './parse-csv.ts'
import { inputName, readTextInput } from './read-input.ts'
import { paragraphs, table } from './table.ts'
import { withEngine } from './with-engine.ts'
import { WrongUse } from './wrong-use.ts'

const needed = ['partner_id', 'reference']
const optional = ['connection', 'kind']
/** The other name of `reference`. */
const hub = 'hub'

/** Links what a file says, row by row. A file that cannot be read as a whole links nothing. */
export async function importCrosswalk(cli: Cli, file: string, options: { json?: boolean; connection?: string }): Promise<void> {
  const rows = rowsOf(await readTextInput(cli, file), inputName(file), options.connection)
  await withEngine(cli, async (open) => {
    const assertions = rows.map(({ line, values }) => {
      const { connection, kind, partner_id: partnerId = '' } = values
      const reference = values.reference || (values[hub] ?? '')
      const about = { connection: connection || (options.connection ?? ''), kind: kind || 'patient' }
      const made = assertionOf(open, { ...about, partnerId, reference })
      if (typeof made === 'string') throw new WrongUse(`${inputName(file)}: line ${line}: ${made}. Nothing was linked.`)
      return made
    })
    const results = await importIdentities(open.store, assertions, deciding(cli, open))
    const failed = results.flatMap((one, index) => ('message' in one ? [{ line: rows[index]?.line ?? 0, ...one }] : []))
    const count = (outcome: Linked['outcome']) => results.filter((one) => one.outcome === outcome).length
    const report = { linked: count('linked'), alreadyLinked: count('already-linked'), failed }
    printResult(cli, options.json, report, () =>
      paragraphs(
        `${report.linked} linked, ${report.alreadyLinked} linked before, ${failed.length} not linked.`,
        failed.length > 0
          ? table(
              ['line', 'why', ''],
              failed.map((one) => [one.line, one.outcome, one.message])
            )
          : undefined
      )
    )
    cli.exitCode = failed.length > 0 ? 1 : 0
  })
}

function rowsOf(text: string, name: string, connection: string | undefined): readonly CsvRow[] {
  const parsed = parseCsv(text)
  if ('problem' in parsed) throw new WrongUse(`${name} is not CSV: ${parsed.problem}. Nothing was linked.`)
  const missing = needed.filter(
    (column) => !parsed.heading.includes(column) && !(column === 'reference' && parsed.heading.includes(hub))
  )
  const unknown = parsed.heading.filter((column) => ![...needed, ...optional, hub].includes(column))
  const remedy = `The first line names the columns: ${needed.join(', ')}, and if you like ${optional.join(', ')}. Nothing was linked.`
  if (missing.length > 0) throw new WrongUse(`${name}: line 1: the column ${missing.join(', ')} is missing. ${remedy}`)
  if (unknown.length > 0) throw new WrongUse(`${name}: line 1: there is no column '${unknown.join("', '")}'. ${remedy}`)
  if (connection !== undefined || parsed.heading.includes('connection')) return parsed.rows
  throw new WrongUse(
    `${name}: which connection are these ids of? Give a column connection, or --connection NAME. Nothing was linked.`
  )
}
