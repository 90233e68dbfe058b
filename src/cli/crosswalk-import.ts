import { importIdentities, type Linked } from '../sync/crosswalk.ts'
import { type Cli, printResult } from './cli.ts'
import { assertionOf, deciding } from './crosswalk-assertion.ts'
import { type CsvRow, parseCsv } from './parse-csv.ts'
import { inputName, readTextInput } from './read-input.ts'
import { paragraphs, table } from './table.ts'
import { withEngine } from './with-engine.ts'
import { WrongUse } from './wrong-use.ts'

const columns = ['connection', 'kind', 'partner_id', 'reference']

/** Links what a file says, row by row. A file that cannot be read as a whole links nothing. */
export async function importCrosswalk(cli: Cli, file: string, json: boolean | undefined): Promise<void> {
  const rows = rowsOf(await readTextInput(cli, file), inputName(file))
  await withEngine(cli, async (open) => {
    const assertions = rows.map(({ line, values }) => {
      const { connection = '', kind = '', partner_id: partnerId = '', reference = '' } = values
      const made = assertionOf(open, { connection, kind, partnerId, reference })
      if (typeof made === 'string') throw new WrongUse(`${inputName(file)}: line ${line}: ${made}. Nothing was linked.`)
      return made
    })
    const results = await importIdentities(open.store, assertions, deciding(cli, open))
    const failed = results.flatMap((one, index) => ('message' in one ? [{ line: rows[index]?.line ?? 0, ...one }] : []))
    const count = (outcome: Linked['outcome']) => results.filter((one) => one.outcome === outcome).length
    const report = { linked: count('linked'), alreadyLinked: count('already-linked'), failed }
    printResult(cli, json, report, () =>
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

function rowsOf(text: string, name: string): readonly CsvRow[] {
  const parsed = parseCsv(text)
  if ('problem' in parsed) throw new WrongUse(`${name} is not CSV: ${parsed.problem}. Nothing was linked.`)
  const missing = columns.filter((column) => !parsed.heading.includes(column))
  if (missing.length === 0) return parsed.rows
  throw new WrongUse(`${name}: line 1: ${missing.join(', ')} is missing. The first line names the columns ${columns.join(',')}.`)
}
