/** Rows as a table for people: a heading, and columns as wide as what is in them. */
export function table(heading: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [heading, ...rows.map((row) => row.map(cell))]
  const widths = heading.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const numeric = heading.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'))
  return lines
    .map((line) =>
      line.map((text, column) => (numeric[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)))
    )
    .map((line) => line.join('  ').trimEnd())
    .join('\n')
}

function cell(value: unknown): string {
  return value === null || value === undefined ? '' : String(value).replaceAll(/[\r\n]+/g, ' ')
}

/** Lines with an empty line between the parts that are there. */
export function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}
