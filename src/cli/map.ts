import type { Bundle } from '@medplum/fhirtypes'
import type { Command } from 'commander'
import {
  type BoundEntity,
  bind,
  findAnchor,
  type Issue,
  issueOutcome,
  issueText,
  namedInBundle,
  poolOf,
  toBundle,
  toFhir,
  toPartner,
  unforeseenFields
} from '#mapping'
import type { Cli } from './cli.ts'
import { findEntity } from './find-entity.ts'
import { readBundle } from './read-bundle.ts'
import { inputName, readJsonObject } from './read-input.ts'
import { scopeOf } from './scope-of.ts'
import { WrongUse } from './wrong-use.ts'

interface MapOptions {
  readonly context?: string
  readonly back?: boolean
  readonly base?: string
  readonly connection?: string
  readonly json?: boolean
}

/** `ligature map`: one record to FHIR, or back, on files; no database, no network. */
export function addMapCommand(program: Command, cli: Cli): void {
  program
    .command('map')
    .description(
      'map one record to a FHIR transaction bundle, or back; the result goes to standard output, issues to standard error'
    )
    .argument('<partner/entity>', 'which mapping, as spry/case')
    .argument('<FILE>', 'the record, or with --back the bundle; - reads standard input')
    .option('--context <FILE>', 'what the record itself does not say, as JSON; the record wins where both speak')
    .option('--back', 'FILE is a bundle: print the record')
    .option('--base <FILE>', 'with --back: the record as last agreed, onto which the bundle is written')
    .option('--connection <NAME>', "whose identifiers and time zone are used (default: the partner's name, UTC)")
    .option('--json', 'issues as an OperationOutcome')
    .action(async (name: string, file: string, options: MapOptions) => {
      refuseMixture(file, options)
      const { module, entity } = await findEntity(name)
      const bound = bind(entity, await scopeOf(cli, module.name, options.connection))
      const { result, issues } = options.back ? await back(cli, bound, file, options) : await forward(cli, bound, file, options)
      cli.print(JSON.stringify(result, null, 2))
      tellIssues(cli, issues, options.json)
    })
}

function refuseMixture(file: string, { context, back: isBack, base }: MapOptions): void {
  if (base !== undefined && !isBack) throw new WrongUse('--base belongs to the way back: add --back, or leave --base out.')
  if (context !== undefined && isBack) throw new WrongUse('--context belongs to the way to FHIR: leave out --back or --context.')
  if ([file, context, base].filter((one) => one === '-').length > 1) {
    throw new WrongUse('Standard input can be read once: give - for one file only.')
  }
}

interface MapResult {
  readonly result: unknown
  readonly issues: readonly Issue[]
}

async function forward(cli: Cli, bound: BoundEntity, file: string, { context }: MapOptions): Promise<MapResult> {
  const given = await readJsonObject(cli, file, 'record')
  if (given.resourceType === 'Bundle') throw new WrongUse(`${inputName(file)} is a Bundle. Add --back to print the record.`)
  const record = context === undefined ? given : { ...(await readJsonObject(cli, context, 'context')), ...given }
  const { pieces, issues } = toFhir(bound, record, { deep: true })
  if (pieces.length > 0) return { result: toBundle(pieces), issues: [...issues, ...unforeseen(bound, record)] }
  const problems = issues.map((issue) => `${inputName(file)}: ${issue.from}: ${issue.message}`)
  throw new WrongUse(
    `${problems.join('\n')}.\nGive a ${bound.entity.title.toLowerCase()} as the partner shows it, outside of any envelope; ` +
      'what the record itself does not say can come from --context FILE.'
  )
}

/** Fields that nobody foresaw are not dropped in silence: they stay with the partner, and are said. */
function unforeseen(bound: BoundEntity, record: unknown): Issue[] {
  const to = bound.anchor.mapping.resourceType
  const message = 'is in no schema: it stays with the partner'
  return unforeseenFields(bound.entity.record, record).map((from) => ({ from, to, code: 'unmapped-code', message }))
}

async function back(cli: Cli, bound: BoundEntity, file: string, { base }: MapOptions): Promise<MapResult> {
  const bundle: Bundle = await readBundle(cli, file)
  const named = namedInBundle(bundle)
  const anchor = findAnchor(bound, named)
  if (typeof anchor !== 'string') throw new WrongUse(`${inputName(file)}: Bundle.entry: ${anchor.message}.`)
  const record = base === undefined ? undefined : await readJsonObject(cli, base, 'record')
  if (base !== undefined && record !== undefined) requireSameRecord(bound, anchor, record, base)
  const made = toPartner(bound, poolOf(bound, named), anchor, { base: record, deep: true })
  return { result: made.record, issues: made.issues }
}

/** Writing one record onto another would mix two patients. */
function requireSameRecord(bound: BoundEntity, anchor: string, base: Record<string, unknown>, file: string): void {
  const key = bound.anchor.keyFor(base)
  if (key === anchor) return
  const field = bound.anchor.rows.find(({ row }) => row.to === bound.anchor.mapping.key)?.from.join(', ')
  const what = key === undefined ? 'has no usable id' : 'is not the one that the bundle is about'
  throw new WrongUse(`${inputName(file)}: ${field}: the record ${what}. Give the base of this bundle, or none.`)
}

function tellIssues(cli: Cli, issues: readonly Issue[], json: boolean | undefined): void {
  if (issues.length === 0) return
  if (json) cli.tell(JSON.stringify({ resourceType: 'OperationOutcome', issue: issues.map(issueOutcome) }, null, 2))
  else for (const issue of issues) cli.tell(issueText(issue))
}
