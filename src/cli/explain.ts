import type { Resource } from '@medplum/fhirtypes'
import type { Command } from 'commander'
import type { Kysely } from 'kysely'
import type { ElementLineage } from '#mapping'
import type { Database } from '../database/tables.ts'
import { hubStoreOn } from '../fhir/store/hub-store.ts'
import { type Cli, printResult } from './cli.ts'
import { explainElements } from './explain-elements.ts'
import { timeText } from './link-report.ts'
import { paragraphs, table } from './table.ts'
import { type OpenLedger, withLedger } from './with-ledger.ts'
import { WrongUse } from './wrong-use.ts'

/** `ligature explain`: why the elements of a resource say what they say. Names fields and observations, never values. */
export function addExplainCommand(program: Command, cli: Cli): void {
  program
    .command('explain')
    .description('for each element of a resource: the partner field, the row, the observation and the mapping version')
    .argument('<Type/id#element>', 'as Condition/<id> or Condition/<id>#code.text')
    .option('--json', 'as JSON')
    .action((which: string, { json }: { json?: boolean }) =>
      withLedger(cli, async (open) => {
        const { type, id, element } = parse(which)
        const explained = await explain(open, type, id)
        const elements = explained.elements.filter((one) => element === undefined || isWithin(one.element, `${type}.${element}`))
        if (elements.length === 0)
          throw new WrongUse(`${type}/${id} has no element '${element}'. Leave out #${element} to see those that it has.`)
        printResult(cli, json, { ...explained, elements }, () => inWords({ ...explained, elements }))
      })
    )
}

const form = /^([A-Z][A-Za-z]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:#(?:\1\.)?(.+))?$/

function parse(which: string): { type: string; id: string; element: string | undefined } {
  const [, type, id, element] = form.exec(which) ?? []
  if (type && id) return { type, id, element }
  throw new WrongUse(`'${which}' is no resource. Write <Type>/<id>, as the FHIR endpoint shows it, or <Type>/<id>#<element>.`)
}

const isWithin = (path: string, wanted: string) =>
  path === wanted || (path.startsWith(wanted) && /^[.[:]/.test(path.slice(wanted.length))) || wanted.startsWith(`${path}.`)

interface Explained {
  readonly resource: string
  readonly version: number
  /** Null for a resource that no record became. */
  readonly link: {
    readonly id: string
    readonly connection: string
    readonly entity: string
    readonly partnerKey: string | null
    readonly place: string
    readonly agreedVersion: number
  } | null
  readonly observation: {
    readonly id: string
    readonly at: string
    readonly origin: string
    readonly mappingVersion: string
  } | null
  readonly elements: readonly ElementLineage[]
}

async function explain({ db, ledger, boundOf }: OpenLedger, resourceType: string, id: string): Promise<Explained> {
  const name = `${resourceType}/${id}`
  const resource = (await hubStoreOn(db).readResources([{ resourceType, id }])).get(name) as Resource | undefined
  if (!resource) throw new WrongUse(`The hub has no ${name}. Search the FHIR endpoint for it, or see ligature ledger.`)
  const at = await db
    .selectFrom('link_resource')
    .select(['link_id', 'place', 'version'])
    .where('resource_type', '=', resourceType)
    .where('resource_id', '=', id)
    .orderBy('ownership')
    .executeTakeFirst()
  const link = at && (await ledger.readLinks([at.link_id])).get(at.link_id)
  if (!at || !link) {
    return {
      resource: name,
      version: Number(resource.meta?.versionId),
      link: null,
      observation: null,
      elements: explainElements(resource, undefined, '')
    }
  }
  return {
    resource: name,
    version: Number(resource.meta?.versionId),
    link: {
      id: link.id,
      connection: link.connection,
      entity: link.entity,
      partnerKey: link.partnerKey,
      place: at.place,
      agreedVersion: at.version
    },
    observation: await agreedObservation(db, link.baseObservation),
    elements: explainElements(resource, boundOf(link), at.place)
  }
}

async function agreedObservation(db: Kysely<Database>, id: string | null): Promise<Explained['observation']> {
  if (id === null) return null
  const found = await db
    .selectFrom('observation')
    .select(['at', 'origin', 'mapping_version'])
    .where('id', '=', id)
    .executeTakeFirst()
  return found ? { id, at: timeText(found.at.getTime()), origin: found.origin, mappingVersion: found.mapping_version } : null
}

function inWords({ resource, version, link, observation, elements }: Explained): string {
  const rows = elements.map((one) => [one.element, one.from.join(', '), one.how, one.row])
  return paragraphs(
    link
      ? `${resource} is ${link.place} of ${link.connection} ${link.entity} ${link.partnerKey ?? '(not at the partner yet)'}, link ${link.id}`
      : `${resource} is tied to no record of a partner: all of it comes from the FHIR side.`,
    observation
      ? `last agreed: observation ${observation.id} of ${observation.at} (${observation.origin}), mapping version ${observation.mappingVersion}`
      : undefined,
    link && link.agreedVersion !== version
      ? `The hub has version ${version}, and both sides last agreed on ${link.agreedVersion}: what changed since waits (ligature ledger ${link.id}).`
      : undefined,
    table(['element', 'partner field', 'how', 'row'], rows)
  )
}
