/** One record and its resources, brought together row by row. Pure: what it finds is a plan; `apply.ts` carries it out. */
import type { Resource } from '@medplum/fhirtypes'
import {
  type BoundEntity,
  type BoundRow,
  equal,
  type Issue,
  type Mapped,
  type Piece,
  type Pool,
  poolOf,
  type Rule,
  toPartner,
  withKeys
} from '#mapping'
import type { Conflict, ConflictContent } from '../ledger/conflicts.ts'
import { decide, type Verdict, type Writable } from './decide.ts'
import { byKey, putRowValue, rowValue } from './row-value.ts'

/** A resource of the link as it is in the hub; without content when it was deleted there. */
export interface HubSide {
  readonly reference: string
  readonly resource: Resource | undefined
}

export interface Reconcile {
  readonly bound: BoundEntity
  /** The record as last agreed, and what it means; undefined for a link that is new. */
  readonly base: unknown
  readonly before: readonly Piece[]
  readonly partner: unknown
  readonly mapped: Mapped
  /** The link's owned resources by place. */
  readonly hub: ReadonlyMap<string, HubSide>
  /** Keys of references in the hub: `Patient/<id>` → `Patient?identifier=…`. */
  readonly keyOfName: ReadonlyMap<string, string>
  /** Further resources that hub rows refer to, for what the partner has to be told of them. */
  readonly around: readonly Resource[]
  readonly conflicts: readonly Conflict[]
  /** Whether the partner takes changes of such records at all. */
  readonly writable: Writable
  readonly rules?: Readonly<Record<string, Rule>>
}

export interface ConflictFound {
  readonly row: string
  readonly code: Conflict['code']
  readonly content: ConflictContent
  /** The open conflict of the same row, if its values are the same as before. */
  readonly unchanged: boolean
}

export interface HubChange {
  readonly place: string
  readonly piece: Piece
  readonly rows: readonly { readonly bound: BoundRow; readonly value: unknown }[]
}

export interface Plan {
  readonly pieces: readonly Piece[]
  readonly issues: readonly Issue[]
  /** Owned resources that the hub does not have yet. */
  readonly creates: readonly Piece[]
  readonly updates: readonly HubChange[]
  /** Places whose nested record is gone from the record: the resource stays and is marked as no longer listed. */
  readonly unlisted: readonly string[]
  /** What the partner should hold, when it has to be told something. */
  readonly target: Target | undefined
  readonly conflicts: readonly ConflictFound[]
  /** Open conflicts that are settled by what both sides say now. */
  readonly closed: readonly Conflict[]
  /** Rows that a rule decided over what one side said; kept in the audit. */
  readonly overruled: readonly { readonly row: string; readonly by: string }[]
  /** What FHIR says of the rows that go to the partner. */
  readonly hubValues: ReadonlyMap<string, unknown>
  readonly partnerChanged: boolean
}

export interface Target {
  readonly record: Record<string, unknown>
  readonly rows: readonly string[]
  readonly issues: readonly Issue[]
  /** What is left to tell when these rows cannot be told. */
  without(rows: readonly string[]): Target | undefined
}

interface Decided {
  readonly piece: Piece
  readonly bound: BoundRow
  readonly id: string
  readonly verdict: Verdict
}

export function reconcile(input: Reconcile): Plan {
  const { base, partner, hub } = input
  const { pieces, issues } = input.mapped
  const before = new Map(input.before.map((piece) => [piece.place, piece]))
  const open = new Map(input.conflicts.map((conflict) => [conflict.row, conflict]))
  const owned = pieces.filter((piece) => piece.ownership === 'owned')
  const creates: Piece[] = []
  const conflicts: ConflictFound[] = []
  const decided: Decided[] = []
  const met = new Set<string>()
  const note = (found: ConflictFound) => {
    met.add(found.row)
    conflicts.push(found)
  }

  for (const piece of owned) {
    const side = hub.get(piece.place)
    if (!side) creates.push(piece)
    else if (!side.resource) note(deleted(piece, open.get(piece.place)))
    else {
      const keyed = withKeys(side.resource, input.keyOfName) as Resource
      for (const row of piece.part.rows)
        decided.push(decideRow(input, piece, row, before.get(piece.place)?.resource, keyed, open))
    }
  }
  for (const { id, verdict, piece, bound: row } of decided) {
    if (verdict.kind !== 'conflict') continue
    const side = hub.get(piece.place)?.resource
    note(
      found(
        id,
        verdict,
        piece,
        row,
        before.get(piece.place)?.resource,
        side && (withKeys(side, input.keyOfName) as Resource),
        open.get(id)
      )
    )
  }
  const places = new Set(owned.map((piece) => piece.place))
  return {
    pieces,
    issues,
    creates,
    updates: hubChanges(decided),
    unlisted: [...hub.keys()].filter((place) => !places.has(place) && place.includes('[')),
    target: targetOf(input, pieces, decided),
    conflicts,
    closed: input.conflicts.filter((conflict) => !met.has(conflict.row)),
    overruled: decided.flatMap(({ id, verdict }) => ('by' in verdict && verdict.by ? [{ row: id, by: verdict.by }] : [])),
    hubValues: new Map(
      decided.flatMap(({ id, verdict }) =>
        verdict.kind === 'to-partner' || verdict.kind === 'to-both' ? [[id, verdict.value] as const] : []
      )
    ),
    partnerChanged: base === undefined || !equal(base, partner)
  }
}

function decideRow(
  input: Reconcile,
  piece: Piece,
  bound: BoundRow,
  before: Resource | undefined,
  hub: Resource,
  open: ReadonlyMap<string, Conflict>
): Decided {
  const id = `${piece.place}.${bound.row.to}`
  const conflict = open.get(id)
  const partner = rowValue(bound, piece.resource)
  const now = rowValue(bound, hub)
  const stillSo = conflict !== undefined && equal(conflict.content.partner, partner) && equal(conflict.content.hub, now)
  const writable = bound.write === 'always' ? input.writable : bound.write === 'never' ? 'partner-read-only' : 'unsupported-write'
  const verdict = decide(
    bound,
    { base: conflict ? conflict.content.base : rowValue(bound, before), partner, hub: now },
    {
      writable,
      rule: input.rules?.[bound.id],
      decided: stillSo && conflict.resolution ? { resolution: conflict.resolution, value: conflict.content.value } : undefined
    }
  )
  return { piece, bound, id, verdict }
}

function found(
  row: string,
  verdict: Verdict & { kind: 'conflict' },
  piece: Piece,
  bound: BoundRow,
  before: Resource | undefined,
  hub: Resource | undefined,
  open: Conflict | undefined
): ConflictFound {
  const partner = rowValue(bound, piece.resource)
  const now = rowValue(bound, hub)
  const base = open ? open.content.base : rowValue(bound, before)
  const content = {
    from: bound.from.join(', '),
    to: `${piece.resource.resourceType}.${bound.row.to}`,
    message: verdict.message,
    base,
    partner,
    hub: now
  }
  const unchanged =
    open !== undefined && open.code === verdict.code && equal(open.content.partner, partner) && equal(open.content.hub, now)
  return { row, code: verdict.code, content, unchanged }
}

function deleted(piece: Piece, open: Conflict | undefined): ConflictFound {
  const { resourceType } = piece.resource
  const message = 'was deleted in FHIR, and the partner still has the record'
  const content = {
    from: piece.entity.entity.name,
    to: resourceType,
    message,
    base: undefined,
    partner: undefined,
    hub: undefined
  }
  return { row: piece.place, code: 'unsupported-write', content, unchanged: open !== undefined }
}

function hubChanges(decided: readonly Decided[]): HubChange[] {
  const byPlace = new Map<string, { place: string; piece: Piece; rows: { bound: BoundRow; value: unknown }[] }>()
  for (const { piece, bound, verdict } of decided) {
    if (verdict.kind !== 'to-hub' && verdict.kind !== 'to-both') continue
    const change = byPlace.get(piece.place) ?? { place: piece.place, piece, rows: [] }
    change.rows.push({ bound, value: verdict.value })
    byPlace.set(piece.place, change)
  }
  return [...byPlace.values()]
}

/** The record that the partner should hold: its own, with the rows that go to it. */
function targetOf(input: Reconcile, pieces: readonly Piece[], decided: readonly Decided[]): Plan['target'] {
  const rows = decided.filter(({ verdict }) => verdict.kind === 'to-partner' || verdict.kind === 'to-both')
  if (rows.length === 0) return undefined
  const without = (refused: readonly string[]) =>
    targetOf(
      input,
      pieces,
      rows.filter(({ id }) => !refused.includes(id))
    )
  const resources = new Map(pieces.map((piece) => [piece.key, piece.resource]))
  const touched = new Set<string>()
  for (const { piece, bound, verdict } of rows) {
    if (!touched.has(piece.key)) resources.set(piece.key, structuredClone(piece.resource))
    touched.add(piece.key)
    putRowValue(bound, resources.get(piece.key) as Resource, 'value' in verdict ? verdict.value : undefined, byKey)
  }
  const around = poolOf(
    input.bound,
    input.around.map((resource) => ({ names: [`${resource.resourceType}/${resource.id}`], resource })),
    input.keyOfName
  )
  const pool: Pool = { get: (key) => resources.get(key) ?? around.get(key), keys: [...resources.keys(), ...around.keys] }
  const anchorKey = input.bound.anchor.keyFor(input.partner) as string
  const { record, issues } = toPartner(input.bound, pool, anchorKey, { base: input.partner, before: input.mapped.pieces })
  return { record, issues, rows: rows.map(({ id }) => id), without }
}
