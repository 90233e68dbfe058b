import type { Command } from 'commander'
import { type AnyEntity, type BoundEntity, type BoundResourcePart, bind, type Row } from '#mapping'
import { type Cli, printResult } from './cli.ts'
import { findEntity } from './find-entity.ts'
import { paragraphs, table } from './table.ts'
import { WrongUse } from './wrong-use.ts'

/** `ligature impact`: the elements that depend on a partner field. */
export function addImpactCommand(program: Command, cli: Cli): void {
  program
    .command('impact')
    .description('the FHIR elements that depend on a partner field')
    .argument('<partner/entity>', 'which mapping, as spry/case')
    .argument('<field>', 'a field of the record, as case_title')
    .option('--json', 'as JSON')
    .action(async (name: string, field: string, { json }: { json?: boolean }) => {
      const { module, entity } = await findEntity(name)
      const found = impactOf(bind(entity, { connection: module.name, serviceTimeZone: 'UTC' }), field)
      if (found.elements.length + found.kept.length + found.nested.length === 0) throw unknownField(name, entity, field)
      printResult(cli, json, { mapping: name, field, ...found }, () => inWords(name, field, found))
    })
}

type Impact = ReturnType<typeof impactOf>

function impactOf(bound: BoundEntity, field: string) {
  const resources = bound.parts.filter((part): part is BoundResourcePart => part.kind === 'resource')
  const touches = (path: string) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)
  return {
    version: bound.version,
    elements: resources.flatMap((part) =>
      part.rows
        .filter((row) => row.from.some(touches))
        .map((row) => ({
          element: `${part.mapping.resourceType}.${row.row.to}`,
          row: row.id,
          how: howOf(row.row),
          partnerIsTold: row.write
        }))
    ),
    kept: resources.flatMap((part) =>
      part.mapping.rows.flatMap((row) =>
        row.kind === 'kept' && row.fields.some(touches) ? [row.reason] : derivedFrom(row, field)
      )
    ),
    nested: bound.parts.flatMap((part) =>
      part.kind === 'nested' && part.fields.some(touches) ? [`${bound.entity.partner}/${part.entity.entity.name}`] : []
    )
  }
}

const derivedFrom = (row: Row, field: string): string[] =>
  row.kind === 'derived' && row.from === field ? ['repeats other fields of the record, and is rebuilt when they change'] : []

function howOf(row: Row): string {
  switch (row.kind) {
    case 'value':
      return row.conversion?.name ?? 'as it is'
    case 'computed':
      return row.name
    case 'nested':
    case 'list':
      return `reference to ${row.nested.entity.name}`
    default:
      return row.kind
  }
}

function inWords(name: string, field: string, { elements, kept, nested, version }: Impact): string {
  const rows = elements.map((one) => [one.element, one.how, one.partnerIsTold, one.row])
  return paragraphs(
    `${name} ${field}, mapping version ${version}`,
    rows.length > 0 ? table(['element', 'conversion', 'partner is told', 'row'], rows) : undefined,
    ...kept.map((reason) => `Kept in the base record: ${reason}.`),
    ...nested.map((one) => `What is inside has a mapping of its own: ligature impact ${one} <field>`)
  )
}

function unknownField(name: string, entity: AnyEntity, field: string): WrongUse {
  return new WrongUse(`${name} has no field '${field}'. Its fields are ${Object.keys(entity.record.shape).join(', ')}.`)
}
