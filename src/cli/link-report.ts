import type { Link } from '../ledger/links.ts'
import { paragraphs, table } from './table.ts'
import type { OpenLedger } from './with-ledger.ts'

/** Everything that the ledger knows of a link, but no values of its record. */
export type LinkReport = Awaited<ReturnType<typeof linkReport>>

export async function linkReport({ db, ledger, boundOf }: OpenLedger, link: Link) {
  const { id, connection, entity, partnerKey, state, reason, anchorType, anchorId, due, missing, mappingVersion } = link
  const conflicts = await db.selectFrom('conflict').selectAll().where('link_id', '=', id).orderBy('opened_at').execute()
  return {
    link: {
      id,
      connection,
      entity,
      partnerKey,
      state,
      reason,
      due,
      missing,
      mappingVersion,
      anchor: anchorId && `${anchorType}/${anchorId}`
    },
    mappingToday: boundOf(link)?.version ?? null,
    resources: (await ledger.resourcesOfLinks([id])).map((one) => ({
      place: one.place,
      resource: `${one.resourceType}/${one.resourceId}`,
      agreedVersion: one.version,
      ownership: one.ownership
    })),
    observations: (await ledger.observationsOf(id)).map((one) => ({
      id: one.id,
      at: timeText(one.at),
      origin: one.origin,
      runId: one.runId,
      mappingVersion: one.mappingVersion
    })),
    intents: (await ledger.intentsOf(id)).map((one) => ({
      id: one.id,
      call: one.call,
      effect: one.effect,
      state: one.state,
      plannedAt: timeText(one.plannedAt),
      outcome: one.outcome
    })),
    conflicts: conflicts.map((one) => ({
      id: one.id,
      row: one.row,
      code: one.code,
      state: one.state,
      openedAt: timeText(one.opened_at.getTime()),
      resolution: one.resolution,
      resolvedBy: one.resolved_by
    })),
    audit: (await ledger.auditOf(id)).map(({ at, actor, action, detail }) => ({ at: timeText(at), actor, action, detail }))
  }
}

/** A point in time as people and programs read it. */
export const timeText = (millis: number): string => new Date(millis).toISOString()

export function linkReportInWords({
  link,
  mappingToday,
  resources,
  observations,
  intents,
  conflicts,
  audit
}: LinkReport): string {
  const facts = [
    `link ${link.id}: ${link.connection} ${link.entity} ${link.partnerKey ?? '(not at the partner yet)'} is ${link.state}`,
    link.reason ? `because: ${link.reason}` : undefined,
    link.due ? 'waits to be worked' : undefined,
    link.missing > 0 ? `missing from the last ${link.missing} complete listings` : undefined,
    `mapping version ${link.mappingVersion ?? 'none yet'}${mappingToday === link.mappingVersion ? '' : `, today's is ${mappingToday ?? 'gone'}`}`
  ]
  return paragraphs(
    facts.filter((fact) => fact !== undefined).join('\n'),
    titled(
      'Resources',
      ['place', 'resource', 'agreed version', 'ownership'],
      resources.map((one) => [one.place, one.resource, one.agreedVersion, one.ownership])
    ),
    titled(
      'Observations, newest first',
      ['at', 'origin', 'observation', 'mapping'],
      observations.map((one) => [one.at, one.origin, one.id, one.mappingVersion])
    ),
    titled(
      'Writes to the partner',
      ['planned', 'call', 'effect', 'state', 'outcome'],
      intents.map((one) => [one.plannedAt, one.call, one.effect, one.state, one.outcome])
    ),
    titled(
      'Conflicts',
      ['id', 'row', 'code', 'state', 'opened', 'resolution', 'by'],
      conflicts.map((one) => [one.id, one.row, one.code, one.state, one.openedAt, one.resolution, one.resolvedBy])
    ),
    titled(
      'Audit',
      ['at', 'who', 'what', 'detail'],
      audit.map((one) => [one.at, one.actor, one.action, JSON.stringify(one.detail)])
    )
  )
}

function titled(title: string, heading: readonly string[], rows: readonly (readonly unknown[])[]): string | undefined {
  return rows.length === 0 ? undefined : `${title}\n${table(heading, rows)}`
}
