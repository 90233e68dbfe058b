/** A mapping as a page for people: what an integrator would write into a spreadsheet, made from the rows themselves. */
import type { Conversion } from './conversion.ts'
import type { AnyEntity, Part } from './entity.ts'
import { howOf, writeWords } from './how.ts'
import { lossesOf } from './losses.ts'
import type { Mapping } from './mapping.ts'
import { fieldsOf, isLiving, type KeptRow, type LivingRow, type Row, ruleOf, writeOf } from './row.ts'

export function documentOf(entity: AnyEntity): string {
  const mappings = Object.values(entity.parts).flatMap((part) => (part.kind === 'resource' ? [part.mapping] : []))
  const kept = mappings.flatMap(({ rows }) => rows.filter((row): row is KeptRow => row.kind === 'kept'))
  const tables = codeTables(mappings)
  return [
    `## ${entity.title}`,
    `From ${entity.source}. In commands: \`${entity.partner}/${entity.name}\`.`,
    entity.masterData ? 'The partner keeps these as its own master data: what FHIR says of them is reported, never written.' : '',
    `It becomes:\n\n${Object.entries(entity.parts)
      .map(([name, part]) => `- ${partLine(name, part, entity)}`)
      .join('\n')}`,
    ...mappings.map(mappingPage),
    kept.length === 0 ? '' : `### Kept at the partner\n\n${kept.map(keptLine).join('\n')}`,
    tables.length === 0 ? '' : `### Code tables\n\n${tables.map(codeTable).join('\n\n')}`,
    `### Losses\n\n${lossesOf(entity)
      .map((line) => `- ${line.slice(line.indexOf(' ') + 1)}`)
      .join('\n')}`
  ]
    .filter((section) => section !== '')
    .join('\n\n')
}

function partLine(name: string, part: Part, entity: AnyEntity): string {
  if (part.kind === 'resource') {
    const anchor = name === entity.anchor ? ', the anchor' : ''
    const needs = part.mapping.onlyWith ? `, when \`${part.mapping.onlyWith}\` has an item` : ''
    return `\`${name}\`: ${part.mapping.resourceType}, ${part.ownership === 'owned' ? 'owned' : 'shared, created only if missing'}${anchor}${needs}`
  }
  const link = part.nested.own ? ' with a link of its own' : ''
  return `\`${name}\`: each ${part.nested.entity.title.toLowerCase()} in ${part.fields.map((field) => `\`${field}\``).join(', ')}${link}`
}

function mappingPage(mapping: Mapping): string {
  const constants = mapping.rows.flatMap((row) =>
    row.kind === 'fixed' ? [`- \`${row.to}\`: \`${JSON.stringify(row.value)}\``] : []
  )
  const derived = mapping.rows.flatMap((row) =>
    row.kind === 'derived' ? [`\`${row.from}\` repeats other fields and is rebuilt when they change.`] : []
  )
  const profiles = mapping.profiles.map(
    ({ url, needs }) => `Claims \`${url}\`${needs ? `, when it has ${needs.map((path) => `\`${path}\``).join(', ')}` : ''}.`
  )
  return [
    `### ${mapping.title} → ${mapping.resourceType}`,
    ...profiles,
    table(['partner field', 'FHIR element', 'conversion', 'write', 'rule'], mapping.rows.filter(isLiving).map(rowCells)),
    ...derived,
    constants.length === 0 ? '' : `Constants:\n\n${constants.join('\n')}`
  ]
    .filter((section) => section !== '')
    .join('\n\n')
}

function rowCells(row: LivingRow): string[] {
  const also = row.kind === 'list' && row.also ? `; \`${row.also.from}\` is \`${row.also.to}\` (${row.also.conversion.name})` : ''
  const absent =
    row.kind !== 'computed' && row.options.absent !== undefined ? `; none is \`${JSON.stringify(row.options.absent)}\`` : ''
  const fields = fieldsOf(row).map((field) => `\`${field}\``)
  return [fields.join(', '), `\`${row.to}\``, `${howOf(row)}${also}${absent}`, writeWords[writeOf(row)], ruleOf(row)]
}

const keptLine = ({ fields, reason }: KeptRow): string => `- ${fields.map((field) => `\`${field}\``).join(', ')}: ${reason}`

function codeTables(mappings: readonly Mapping[]): Conversion[] {
  const found = new Map<string, Conversion>()
  for (const conversion of mappings.flatMap(({ rows }) => rows.flatMap(conversionsOf)))
    if (conversion.table) found.set(conversion.name, conversion)
  return [...found.values()]
}

function conversionsOf(row: Row): Conversion[] {
  if (row.kind === 'value') return row.conversion ? [row.conversion] : []
  return row.kind === 'list' && row.also ? [row.also.conversion] : []
}

const codeTable = ({ name, table: rows = [] }: Conversion): string =>
  `${name}:\n\n${table(
    ['partner', 'FHIR'],
    rows.map(([partner, fhir]) => [`\`${partner}\``, `\`${fhir}\``])
  )}`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
