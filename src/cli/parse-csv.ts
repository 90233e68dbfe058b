/** A row of a CSV file, its values by the names in the first line. */
export interface CsvRow {
  /** Where it begins in the file, counted from 1. */
  readonly line: number
  readonly values: Readonly<Record<string, string>>
}

export type ParsedCsv = { readonly heading: readonly string[]; readonly rows: readonly CsvRow[] } | { readonly problem: string }

/** Reads CSV as RFC 4180 has it: commas, quotes doubled inside quotes, line breaks inside quotes. Empty lines count for nothing. */
export function parseCsv(text: string): ParsedCsv {
  const records: { line: number; fields: string[] }[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y
  let line = 1
  let current = { line, fields: [] as string[] }
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at = field.lastIndex) {
    field.lastIndex = at
    const [whole, quoted, plain = '', end] = field.exec(text) ?? []
    if (whole === undefined) return { problem: `line ${line}: a quote is missing, or stands in the middle of a field` }
    current.fields.push((quoted?.replaceAll('""', '"') ?? plain).trim())
    line += whole.split(/\r\n|\n|\r/).length - 1
    if (end === ',' && field.lastIndex < text.length) continue
    if (current.fields.some((one) => one !== '')) records.push(current)
    current = { line, fields: [] }
  }
  const [first, ...others] = records
  const heading = first?.fields ?? []
  const odd = others.find(({ fields }) => fields.length > heading.length)
  if (odd) return { problem: `line ${odd.line}: it has ${odd.fields.length} fields, and the first line names ${heading.length}` }
  const rows = others.map((record) => ({
    line: record.line,
    values: Object.fromEntries(heading.map((name, column) => [name, record.fields[column] ?? '']))
  }))
  return { heading, rows }
}
