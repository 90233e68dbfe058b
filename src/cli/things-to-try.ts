import { type BoundEntity, type BoundResourcePart, type BoundRow, bind } from '#mapping'
import { type Ledger, ledgerOn } from '../ledger/ledger.ts'
import type { Link } from '../ledger/links.ts'
import type { OpenEngine } from './open-engine.ts'
import type { SandboxTwin } from './sandbox.ts'

/** A record, and a text of it that either side may change. */
interface Example {
  readonly twin: SandboxTwin
  readonly link: Link
  readonly field: string
  readonly resource: string
  readonly element: string
}

/** Commands to copy: read a record as FHIR, change it at either side, see it arrive. They name a record that is really there. */
export async function thingsToTry({ db, connections }: OpenEngine, ownUrl: string): Promise<string | undefined> {
  for (const twin of connections.twins) {
    const links = await db
      .selectFrom('link')
      .select('id')
      .where('connection', '=', twin.connection.name)
      .where('state', '=', 'active')
      .where('partner_key', 'is not', null)
      .where('entity', 'in', Object.keys(twin.connection.client.partner.recordTypes))
      .orderBy('partner_key', 'desc')
      .limit(50)
      .execute()
    const example = await findExample(
      twin,
      ledgerOn(db),
      links.map(({ id }) => id)
    )
    if (example) return commands(example, ownUrl)
  }
  return undefined
}

async function findExample(twin: SandboxTwin, ledger: Ledger, ids: readonly string[]): Promise<Example | undefined> {
  const { entities, name, serviceTimeZone } = twin.connection
  const found = await ledger.readLinks(ids)
  // In their order: the same record is named after a restart.
  const links = ids.flatMap((id) => found.get(id) ?? [])
  const records = await ledger.recordsOf(links.flatMap((link) => link.baseObservation ?? []))
  const resources = await ledger.resourcesOfLinks(ids)
  for (const link of links) {
    const entity = entities.find((one) => one.name === link.entity)
    const record = records.get(link.baseObservation ?? '') as Record<string, unknown> | undefined
    if (!entity || !record) continue
    for (const row of plainTexts(bind(entity, { connection: name, serviceTimeZone }))) {
      const at = resources.find((one) => one.linkId === link.id && one.place === row.part)
      const field = row.from[0] ?? ''
      if (!at || typeof record[field] !== 'string') continue
      return { twin, link, field, resource: `${at.resourceType}/${at.resourceId}`, element: row.row.to }
    }
  }
  return undefined
}

/** Rows that hold the same text on both sides, in an element that a JSON patch can point at. */
function plainTexts(bound: BoundEntity): BoundRow[] {
  return bound.parts
    .filter((part): part is BoundResourcePart => part.kind === 'resource' && part.ownership === 'owned')
    .flatMap((part) => part.rows)
    .filter(
      ({ row, write, conversion }) => row.kind === 'value' && write === 'always' && !conversion && /^[\w.[\]]+$/.test(row.to)
    )
}

function commands({ twin, link, field, resource, element }: Example, ownUrl: string): string {
  // Every twin lets its records be read and edited at /twin/<entity>s/<key>, in the partner's own field names.
  const record = `${twin.url}/twin/${link.entity}s/${link.partnerKey}`
  const fhir = `${ownUrl}/fhir/R4`
  const pointer = `/${element.replaceAll('[', '.').replaceAll(']', '').replaceAll('.', '/')}`
  const patch = JSON.stringify([{ op: 'replace', path: pointer, value: 'Changed in FHIR' }])
  return `Try it (look at ${field} and ${resource.split('/')[0]}.${element}):

  1. read a ${link.entity} as FHIR
     curl -s '${fhir}/${link.anchorType}/${link.anchorId}'

  2. change it: at ${twin.title}, or in FHIR
     curl -s -X PATCH '${record}' -H 'content-type: application/json' -d '${JSON.stringify({ [field]: `Changed at ${twin.title}` })}'
     curl -s -X PATCH '${fhir}/${resource}' -H 'content-type: application/json-patch+json' -d '${patch}'

  3. see it arrive on the other side, a moment later
     curl -s '${fhir}/${resource}'
     curl -s '${record}'`
}
