import type { Conflict, Resolution } from '../ledger/conflicts.ts'
import { ledgerOn } from '../ledger/ledger.ts'
import { boundEntity } from '../sync/connection.ts'
import { whyUnfit } from '../sync/fits-row.ts'
import { type Cli, printResult } from './cli.ts'
import type { OpenEngine } from './open-engine.ts'
import { parseJson } from './parse-json.ts'
import { who } from './who.ts'
import { withEngine } from './with-engine.ts'
import { WrongUse } from './wrong-use.ts'

export interface ResolveOptions {
  readonly take?: 'partner' | 'fhir'
  readonly value?: string
  readonly json?: boolean
}

/** Records a person's decision and works the link at once. Deciding the same again changes nothing. */
export async function resolveConflict(cli: Cli, id: string, options: ResolveOptions): Promise<void> {
  const { resolution, value } = decisionOf(options)
  await withEngine(cli, async (open) => {
    const { ledger, ports, db } = open
    const conflict = await ledger.readConflict(id)
    if (!conflict) throw new WrongUse(`There is no conflict ${id}. See ligature conflicts.`)
    if (conflict.state === 'resolved') {
      const how = conflict.resolution
        ? `${conflict.resolution}, by ${conflict.resolvedBy ?? 'a rule'}`
        : 'both sides came to agree'
      return printResult(
        cli,
        options.json,
        { id, state: 'resolved', resolution: conflict.resolution },
        () => `It was resolved before: ${how}.`
      )
    }
    if (resolution === 'value') await requireFit(open, conflict, value)
    const by = who(cli)
    await db.transaction().execute(async (tx) => {
      await ledgerOn(tx).decideConflict(id, resolution, by, value)
      const detail = { row: conflict.row, resolution }
      await ledgerOn(tx).noteAudit([
        { at: ports.clock.now(), actor: by, action: 'conflict decided', linkId: conflict.linkId, detail }
      ])
    })
    const outcome = await workUntilFree(open, conflict.linkId, by)
    const after = (await ledger.readConflict(id)) as Conflict
    const isResolved = after.state === 'resolved'
    const isInStep = isResolved && (outcome === 'in-step' || outcome === 'pushed')
    printResult(cli, options.json, { id, state: after.state, outcome }, () =>
      isInStep
        ? 'Resolved, and both sides are in step.'
        : isResolved
          ? `Decided, but the link is not in step (${outcome}): see ligature conflicts, and ligature ledger ${conflict.linkId}.`
          : `It stays open: ${after.content.from} ⇄ ${after.content.to} ${after.content.message} (${outcome}).`
    )
    cli.exitCode = isInStep ? 0 : 1
  })
}

/** A value that cannot stand on both sides is refused before anything is decided. */
async function requireFit({ store, connections }: OpenEngine, conflict: Conflict, value: unknown): Promise<void> {
  const link = (await store.ledger.readLinks([conflict.linkId])).get(conflict.linkId)
  const connection = connections.list.find(({ name }) => name === link?.connection)
  if (!link || !connection) throw new WrongUse(`The connection of conflict ${conflict.id} is not configured.`)
  const unfit = whyUnfit(boundEntity(connection, link.entity), conflict.row, value)
  if (unfit) throw new WrongUse(`--value does not fit ${conflict.content.from} ⇄ ${conflict.content.to}: ${unfit}.`)
}

function decisionOf({ take, value }: ResolveOptions): { resolution: Resolution; value?: unknown } {
  if (take !== undefined) return { resolution: take }
  if (value === undefined) throw new WrongUse('Say what is right: --take partner, --take fhir, or --value <JSON>.')
  const parsed = parseJson(value)
  if ('problem' in parsed)
    throw new WrongUse(`--value is not JSON: ${parsed.problem}. A text needs its quotes: --value '"like this"'.`)
  return { resolution: 'value', value: parsed.value ?? undefined }
}

/** A running engine may have the link in hand, perhaps just because of this decision. */
export async function workUntilFree(
  { engine, ports }: OpenEngine & { ports: { clock: { now(): number; sleep(ms: number): Promise<void> } } },
  linkId: string,
  by: string
): Promise<string> {
  const patience = ports.clock.now() + 30_000
  for (;;) {
    const { outcome, reason } = await engine.workLink(linkId, by)
    if (outcome !== 'busy' || ports.clock.now() > patience) return reason === undefined ? outcome : `${outcome}: ${reason}`
    await ports.clock.sleep(250)
  }
}
