/** A record born in FHIR is created at the partner exactly once, or waits where a person sees it. */
import { type BoundEntity, type Issue, poolOf, toFhir, toPartner } from '#mapping'
import { listPages, type Outcome, type Page, type RecordType, type RequestIssue, readRecord } from '#partner'
import { type Closure, loadClosure } from './closure.ts'
import { boundEntity, recordTypeOf } from './connection.ts'
import { settlePeople } from './crosswalk/settle-people.ts'
import { fenced, type Held, park, TryLater, type Worked } from './held-link.ts'
import { keepSent } from './keep-sent.ts'
import { prepare } from './prepare.ts'
import { send } from './send.ts'
import { tie, tiesOf } from './tie.ts'
import { tryAgain } from './try-again.ts'
import { readBack } from './update-record.ts'

type Node = Record<string, unknown>

export async function createRecord(held: Held, options: { readonly sure?: boolean } = {}): Promise<Worked> {
  const { engine, connection, link } = held
  const type = recordTypeOf(connection, link.entity) as RecordType
  const { create } = type
  if (!create) return wait(held, 'waiting', 'unsupported-write')
  const bound = boundEntity(connection, link.entity)
  let closure = await loadClosure(engine.store, bound, link)
  await settlePeople(held, closure.uncertain)
  if (closure.uncertain.length > 0) closure = await loadClosure(engine.store, bound, link)
  const anchorName = `${link.anchorType}/${link.anchorId}`
  if (!closure.named.some(({ names }) => names.includes(anchorName))) return wait(held, 'tombstone', 'deleted-in-fhir')
  if (closure.uncertain.length > 0) return wait(held, 'waiting', 'ambiguous')
  const pool = poolOf(bound, closure.named)
  const { record, issues } = toPartner(bound, pool, closure.naming.keyOf(anchorName), { deep: true })
  const reason = blocked(bound, issues)
  if (reason) return wait(held, 'waiting', reason)
  const { record: whole, request } = await prepare(held, create, record)
  if (request.kind === 'issues') return wait(held, 'waiting', reasonOf(request.issues))
  if (!options.sure && (await mayBeThere(held, type, whole))) return wait(held, 'parked', 'resembles-existing')
  const { intentId, outcome } = await send(held, create.call, { body: request.body }, { body: request.body, record: whole })
  return settle(held, type, intentId, outcome, whole)
}

/** The code and the field of the first issue: `required: specialization`. */
const reasonOf = ([first]: readonly RequestIssue[]): string => (first ? `${first.code}: ${first.path}` : 'invalid-content')

/** Why a record cannot be sent as it is. What the partner's server assigns cannot be there yet and does not count. */
function blocked(bound: BoundEntity, issues: readonly Issue[]): string | undefined {
  const told = elementsTold(bound)
  const counting = issues.filter((issue) => told.has(issue.to))
  return counting.find((issue) => issue.code === 'missing-reference')?.code ?? counting[0]?.code
}

function elementsTold(bound: BoundEntity, found = new Set<string>()): Set<string> {
  for (const part of bound.parts) {
    if (part.kind === 'nested') elementsTold(part.entity, found)
    else for (const row of part.rows) if (row.write !== 'never') found.add(`${part.mapping.resourceType}.${row.row.to}`)
  }
  return found
}

async function wait(held: Held, state: 'waiting' | 'parked' | 'tombstone', reason: string): Promise<Worked> {
  await fenced(held, async (tx, link) => {
    await tx.ledger.writeLinks([{ ...link, state, reason, due: false }])
    const at = held.engine.ports.clock.now()
    if (link.state !== state || link.reason !== reason)
      await tx.ledger.noteAudit([{ at, actor: held.actor, action: state, linkId: link.id, detail: { reason } }])
  })
  return { outcome: state === 'tombstone' ? 'skipped' : state, reason }
}

/** Looks for a record without a link that may be this one, made earlier by a person or by a lost answer. */
async function mayBeThere({ engine, connection, link }: Held, type: RecordType, record: Node): Promise<boolean> {
  const filters = type.create?.scope?.(record)
  if (!type.list || !type.create?.resembles || !filters) return false
  const pages = listPages(connection.client, link.entity, { filters })
  for (;;) {
    let page: Page | undefined
    try {
      page = await tryAgain(engine.ports, () => pages.next().then((step) => step.value ?? undefined))
    } catch (cause) {
      throw new TryLater('whether the record is already there could not be seen', { cause })
    }
    if (!page) return false
    const records = page.records.map((range) => ({ key: range.key ?? '', record: readRecord(page, range) }))
    const alike = records.filter((one) => type.create?.resembles?.(record, one.record))
    const known = await engine.store.ledger.linksByKey(
      connection.name,
      link.entity,
      alike.map((one) => one.key)
    )
    if (alike.some((one) => !known.has(one.key))) return true
  }
}

async function settle(held: Held, type: RecordType, intentId: string, outcome: Outcome, record: Node): Promise<Worked> {
  const { engine } = held
  const { clock } = engine.ports
  switch (outcome.kind) {
    case 'ok': {
      const key = (outcome.data as Node | null | undefined)?.[type.key]
      if (typeof key !== 'string' && typeof key !== 'number') return parkUnknown(held, intentId, 'answer-without-key')
      const partnerKey = String(key)
      await agreeOnCreated(held, intentId, partnerKey, withSent(outcome.data as Node, record))
      return readBack({ ...held, link: { ...held.link, partnerKey } }, type, intentId)
    }
    case 'rejected':
      await engine.store.ledger.settleIntent(intentId, 'rejected', outcome.code, clock.now(), outcome.partnerMessage)
      return wait(held, 'waiting', 'rejected')
    case 'not-sent':
    case 'throttled':
      await engine.store.ledger.settleIntent(intentId, 'given-up', outcome.kind, clock.now())
      throw new TryLater(`nothing was sent: ${outcome.kind}`)
    case 'unknown':
      return parkUnknown(held, intentId, outcome.reason)
  }
}

/** It may have been created: only a person can tell, and nothing is sent again. */
async function parkUnknown(held: Held, intentId: string, outcome: string): Promise<Worked> {
  await fenced(held, async (tx, link) => {
    const at = held.engine.ports.clock.now()
    await tx.ledger.settleIntent(intentId, 'parked', outcome, at)
    await park(tx, link, 'create-unknown')
    await tx.ledger.noteAudit([{ at, actor: 'engine', action: 'parked', linkId: link.id, detail: { intent: intentId, outcome } }])
  })
  return { outcome: 'parked', reason: 'create-unknown' }
}

/** The answer to a create, with what was sent where the answer is empty: an empty value there is not an observation. */
export function withSent(answer: Node, sent: Node): Node {
  const merged: Node = { ...answer }
  for (const [name, value] of Object.entries(sent)) if (isEmpty(answer[name]) && !isEmpty(value)) merged[name] = value
  return merged
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

/** The partner has it: key, base and ties are written together, and the identifiers go back into the resources. */
export async function agreeOnCreated(
  held: Held,
  intentId: string,
  partnerKey: string,
  record: Node,
  state: 'applied' | 'adopted' = 'applied'
): Promise<void> {
  const { engine, connection } = held
  const bound = boundEntity(connection, held.link.entity)
  const now = engine.ports.clock.now()
  await fenced(held, async (tx, link) => {
    const closure: Closure = await loadClosure(tx, bound, link)
    const pool = poolOf(bound, closure.named)
    const pieces = toFhir(bound, record).pieces
    const anchor = pool.get(closure.naming.keyOf(`${link.anchorType}/${link.anchorId}`))
    if (anchor) {
      const ties = tiesOf(bound, pieces, anchor, pool, closure.nameOf)
      const tied = new Map(ties.map((one) => [one.piece.key, one.reference]))
      const naming = {
        keyOf: closure.naming.keyOf,
        referenceTo: (key: string) => tied.get(key) ?? closure.naming.referenceTo(key)
      }
      await tie(tx, link.id, ties, naming, now)
    }
    await keepSent(tx, held, bound, { ...link, partnerKey, state: 'active', reason: null }, record, now)
    await tx.ledger.settleIntent(intentId, state, null, now)
    await tx.ledger.noteAudit([
      { at: now, actor: held.actor, action: 'created at the partner', linkId: link.id, detail: { intent: intentId, state } }
    ])
  })
}
