/** Brings a record that the partner has in step: fresh read, decision, and where FHIR changed, intent, request and read-back. */
import { poolOf, toFhir } from '#mapping'
import type { Outcome, RecordType } from '#partner'
import type { Intent } from '../ledger/intents.ts'
import { loadClosure } from './closure.ts'
import { boundEntity, recordTypeOf } from './connection.ts'
import { applyFresh, fenced, type Held, TryLater, type Worked } from './held-link.ts'
import { keepSent } from './keep-sent.ts'
import { prepare } from './prepare.ts'
import type { Plan, Target } from './reconcile.ts'
import { refusedRows } from './refused-rows.ts'
import { reportUnwritable } from './report-unwritable.ts'
import { send } from './send.ts'
import { tie, tiesOf } from './tie.ts'
import { tookEffect } from './took-effect.ts'

/** So often may the same write come back changed before a person is asked. */
const fuse = 5

export async function updateRecord(held: Held, abandoned: readonly Intent[] = []): Promise<Worked> {
  const { connection, link } = held
  const type = recordTypeOf(connection, link.entity) as RecordType
  const record = await readFresh(held, type)
  if (record === undefined) return { outcome: 'skipped', reason: 'not-found' }
  await adoptAbandoned(held, abandoned, record)
  const applied = await applyFresh(held, record, 'read')
  const target = applied.plan?.target
  if (applied.kind === 'parked' || applied.kind === 'skipped')
    return { outcome: applied.kind === 'parked' ? 'parked' : 'waiting', reason: applied.reason ?? 'held' }
  if (!target || !type.update) return { outcome: applied.kind === 'conflicted' ? 'conflicted' : 'in-step' }
  return tell(held, type, applied.plan as Plan, target)
}

/** The record as the partner has it now; undefined when it says that there is none. */
export async function readFresh({ connection, link }: Held, type: RecordType): Promise<unknown> {
  if (!type.read || link.partnerKey === null) return undefined
  const answer = await connection.client.call(type.read.call, { path: type.read.path(link.partnerKey) })
  if (answer.kind === 'ok') return answer.data
  if (answer.kind === 'rejected' && answer.status === 404) return undefined
  throw new TryLater(`the record could not be read: ${answer.kind}`)
}

async function tell(held: Held, type: RecordType, plan: Plan, target: Target): Promise<Worked> {
  const { engine, connection, link } = held
  const update = type.update as NonNullable<RecordType['update']>
  const { record, request } = await prepare(held, update, target.record)
  const refused = refusedRows(boundEntity(connection, link.entity), plan, target, record, request)
  if (request.kind === 'issues' || refused.rows.length > 0) {
    await reportUnwritable(held, plan, refused.rows, refused.issues)
    const rest = target.without(refused.rows)
    return rest ? tell(held, type, plan, rest) : { outcome: 'conflicted', reason: refused.issues[0]?.code ?? 'invalid-content' }
  }
  if (link.alternations >= fuse) {
    await fenced(held, async (tx, current) => {
      await tx.ledger.writeLinks([{ ...current, state: 'fused', reason: 'ping-pong', due: false }])
      await tx.ledger.noteAudit([
        { at: engine.ports.clock.now(), actor: 'engine', action: 'fused', linkId: link.id, detail: { writes: link.alternations } }
      ])
    })
    return { outcome: 'parked', reason: 'ping-pong' }
  }
  const path = update.path?.(link.partnerKey as string)
  const { intentId, outcome } = await send(
    held,
    update.call,
    { ...(path ? { path } : {}), body: request.body },
    { body: request.body, record }
  )
  return settle(held, type, plan, target.rows, intentId, outcome, record)
}

async function settle(
  held: Held,
  type: RecordType,
  plan: Plan,
  rows: readonly string[],
  intentId: string,
  outcome: Outcome,
  record: unknown
): Promise<Worked> {
  const { engine } = held
  const { clock } = engine.ports
  switch (outcome.kind) {
    case 'ok':
      await agreeOnSent(held, intentId, record)
      return readBack(held, type, intentId, rows)
    case 'rejected':
      await engine.store.ledger.settleIntent(intentId, 'rejected', outcome.code, clock.now(), outcome.partnerMessage)
      await reportUnwritable(held, plan, rows, [{ path: '', code: 'invalid-content', message: outcome.issue.message }])
      return { outcome: 'conflicted', reason: `refused with ${outcome.code}` }
    case 'not-sent':
    case 'throttled':
      await engine.store.ledger.settleIntent(intentId, 'given-up', outcome.kind, clock.now())
      throw new TryLater(`nothing was sent: ${outcome.kind}`)
    case 'unknown':
      // the whole value after a fresh read may be sent again; the next attempt reads first and sees what became of this one
      await engine.store.ledger.settleIntent(intentId, 'unknown', outcome.reason, clock.now())
      throw new TryLater('the outcome of an update is unknown')
  }
}

/** A write whose answer was lost and that shows in the record has happened: else it would look like an edit of the partner's. */
async function adoptAbandoned(held: Held, abandoned: readonly Intent[], fresh: unknown): Promise<void> {
  const { ledger } = held.engine.store
  const bound = boundEntity(held.connection, held.link.entity)
  const { baseObservation } = held.link
  const base = baseObservation === null ? undefined : (await ledger.recordsOf([baseObservation])).get(baseObservation)
  for (const { id } of abandoned.toReversed()) {
    const sent = (await ledger.intentContent(id))?.record
    if (sent !== undefined && tookEffect(bound, base, sent, fresh)) return agreeOnSent(held, id, sent, 'adopted')
  }
}

/** The partner took the record: it is the base now, and resources that the partner learnt of are tied to their places. */
async function agreeOnSent(
  held: Held,
  intentId: string,
  record: unknown,
  state: 'applied' | 'adopted' = 'applied'
): Promise<void> {
  const { engine, connection } = held
  const bound = boundEntity(connection, held.link.entity)
  const now = engine.ports.clock.now()
  await fenced(held, async (tx, link) => {
    const { named, naming, nameOf, known } = await loadClosure(tx, bound, link)
    const pool = poolOf(bound, named, known)
    const anchor = pool.get(bound.anchor.keyFor(record) as string)
    if (anchor) await tie(tx, link.id, tiesOf(bound, toFhir(bound, record).pieces, anchor, pool, nameOf), naming, now)
    await keepSent(tx, held, bound, link, record, now)
    await tx.ledger.settleIntent(intentId, state, null, now)
  })
}

/** Reads what the partner made of it. What it normalised goes to the hub; an endless exchange blows the fuse. */
export async function readBack(held: Held, type: RecordType, intentId: string, told: readonly string[] = []): Promise<Worked> {
  const { engine } = held
  const record = await readFresh(held, type)
  if (record === undefined) return { outcome: 'pushed', reason: 'not read back' }
  const applied = await applyFresh(held, record, 'read')
  const now = engine.ports.clock.now()
  await engine.store.ledger.settleIntent(intentId, 'verified', null, now)
  // times of change move with every write; it goes back and forth only when what was told comes back otherwise
  const changedAgain =
    applied.plan?.updates.some(({ place, rows }) => rows.some((row) => told.includes(`${place}.${row.bound.row.to}`))) ?? false
  await fenced(held, async (tx, link) => {
    await tx.ledger.writeLinks([{ ...link, alternations: changedAgain ? link.alternations + 1 : 0 }])
  })
  return applied.kind === 'conflicted' ? { outcome: 'conflicted' } : { outcome: 'pushed' }
}
