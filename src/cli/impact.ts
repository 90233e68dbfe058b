import type { Command } from 'commander'
import { type AnyEntity, type BoundEntity, bind, impactOf } from '#mapping'
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
      const found = impactWithin(bind(entity, { connection: module.name, serviceTimeZone: 'UTC' }), field)
      if (found.elements.length + found.kept.length + found.nested.length === 0) throw unknownField(name, entity, field)
      printResult(cli, json, { mapping: name, field, ...found }, () => inWords(name, field, found))
    })
}

type Impact = ReturnType<typeof impactWithin>

function impactWithin(bound: BoundEntity, field: string) {
  const touches = (path: string) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)
  const rows = bound.parts.flatMap((part) => (part.kind === 'resource' ? part.mapping.rows : []))
  return {
    version: bound.version,
    elements: impactOf(bound.entity, field),
    kept: rows.flatMap((row) => {
      if (row.kind === 'kept' && row.fields.some(touches)) return [row.reason]
      return row.kind === 'derived' && touches(row.from)
        ? ['it repeats other fields of the record, and is rebuilt when they change']
        : []
    }),
    nested: bound.parts.flatMap((part) =>
      part.kind === 'nested' && part.fields.some(touches) ? [`${bound.entity.partner}/${part.entity.entity.name}`] : []
    )
  }
}

function inWords(name: string, field: string, { elements, kept, nested, version }: Impact): string {
  const rows = elements.map((one) => [one.element, one.how, one.write, one.row])
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
