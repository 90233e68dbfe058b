/**
 * Carries out what was decided for a batch of records, in one transaction: resources, links, observations, conflicts and audit
 * are written together or not at all. Only calls to partners happen elsewhere.
 */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, Piece, Rule } from '#mapping'
import { VersionConflict } from '../fhir/store/version-conflict.ts'
import type { AuditEntry } from '../ledger/audit.ts'
import type { Conflict } from '../ledger/conflicts.ts'
import type { Link, LinkResource, LinkWrite } from '../ledger/links.ts'
import type { Observation, Origin } from '../ledger/observations.ts'
import type { NewId } from '../ports.ts'
import type { OutcomeKind } from './books.ts'
import { settleBearers } from './crosswalk/settle-bearers.ts'
import type { Writable } from './decide.ts'
import { type Batch, type Gathered, gather, type Incoming, identifierOf } from './gather.ts'
import { isBack, keptInError, reappeared, reinstated, returnConflict } from './reappeared.ts'
import { type Plan, reconcile } from './reconcile.ts'
import { type Naming, putRowValue, referencesIn, withReferences } from './row-value.ts'
import type { Transaction } from './store.ts'
import { isUnlisted, markUnlisted, unmarkUnlisted } from './unlisted.ts'
import type { Noted } from './would-write.ts'

type Stored = Resource & { id: string }

export interface ApplyContext {
  readonly connection: string
  readonly bound: BoundEntity
  readonly writable: Writable
  readonly rules?: Readonly<Record<string, Rule>>
  readonly newId: NewId
  readonly now: number
  readonly runId: string | null
  readonly origin: Origin
  /** Who asked for it, for the audit. */
  readonly actor: string
  /** Whether the caller tells the partner itself; otherwise links with something to tell are worked later. */
  readonly tells: boolean
  /** Nothing is kept of this: the results note what else would be written. */
  readonly dryRun?: boolean
}

export interface Applied {
  readonly kind: OutcomeKind
  readonly reason?: string
  readonly linkId: string | undefined
  readonly plan: Plan | undefined
  /** What the hub was told. */
  readonly hub: 'create' | 'update' | 'link' | 'none'
  /** Only in a dry run. */
  readonly noted?: Noted
}

interface Writes {
  readonly resources: Map<string, { resource: Stored; expected: number | 'new' }>
  readonly claims: { resourceType: string; criteria: string; id: string }[]
  readonly links: LinkWrite[]
  readonly places: Omit<LinkResource, 'version'>[]
  readonly forgotten: { linkId: string; place: string }[]
  readonly observations: Observation[]
  readonly audit: AuditEntry[]
}

export async function applyRecords(tx: Transaction, context: ApplyContext, incoming: readonly Incoming[]): Promise<Applied[]> {
  const { now, actor } = context
  const batch = await gather(tx, context.bound, incoming, (bearers) =>
    settleBearers(tx, bearers, { now, actor }, { owned: false })
  )
  const writes: Writes = { resources: new Map(), claims: [], links: [], places: [], forgotten: [], observations: [], audit: [] }
  const applied: Applied[] = []
  for (const gathered of batch.gathered) applied.push(await applyOne(tx, context, batch, gathered, writes))

  const versions = await tx.hub.writeResources([...writes.resources.values()], context.now)
  await requireSole(tx, await tx.hub.claim(writes.claims))
  const known = await tx.hub.versionsOf(
    writes.places
      .map((one) => ({ resourceType: one.resourceType, id: one.resourceId }))
      .filter((ref) => !versions.has(`${ref.resourceType}/${ref.id}`))
  )
  const versionOf = (one: Omit<LinkResource, 'version'>) => {
    const name = `${one.resourceType}/${one.resourceId}`
    return versions.get(name) ?? known.get(name)?.version ?? 0
  }
  await tx.ledger.observe(writes.observations)
  await tx.ledger.writeLinks(writes.links)
  await tx.ledger.writeLinkResources(writes.places.map((one) => ({ ...one, version: versionOf(one) })))
  await tx.ledger.forgetPlaces(writes.forgotten)
  await tx.ledger.noteAudit(writes.audit)
  if (!context.tells) for (const link of writes.links) if (link.due) await tx.workLater(link.id)
  return applied
}

async function applyOne(tx: Transaction, context: ApplyContext, batch: Batch, given: Gathered, writes: Writes): Promise<Applied> {
  const { bound } = context
  const { incoming, mapped } = given
  const gathered = isBack(incoming.link) ? { ...given, hub: reinstated(given.hub, mapped.pieces) } : given
  const link = incoming.link
  const none = { linkId: link?.id, plan: undefined, hub: 'none' } as const
  const hold = (kind: 'parked' | 'skipped', state: LinkWrite['state'], reason: string): Applied => {
    const held = heldRow(context, incoming, state, reason)
    if (held) writes.links.push(held)
    return {
      ...none,
      kind,
      reason,
      linkId: held?.id ?? link?.id,
      ...(context.dryRun && { noted: noteOf(context, batch, gathered, writes) })
    }
  }
  if (mapped.pieces.length === 0) return hold('parked', 'parked', 'invalid-content')
  if (gathered.ambiguous.length > 0) return hold('parked', 'parked', 'ambiguous')
  if (isBack(link)) {
    const asked = gathered.conflicts.find((one) => one.row === bound.anchor.name)
    if (link.reason === keptInError || asked?.resolution === 'fhir') {
      await tx.ledger.closeConflicts(asked ? [asked.id] : [], context.now)
      return hold('skipped', 'tombstone', keptInError)
    }
    if (asked?.resolution !== 'partner')
      return askAboutReturn(tx, context, link, asked, hold('parked', 'parked', reappeared), writes)
  }

  const keyOfName = keysFor(batch, mapped)
  const plan = reconcile({
    bound,
    base: gathered.base,
    before: gathered.before,
    partner: incoming.record,
    mapped,
    hub: gathered.hub,
    keyOfName,
    around: gathered.around,
    conflicts: gathered.conflicts,
    writable: context.writable,
    ...(context.rules ? { rules: context.rules } : {})
  })
  const linkId = link?.id ?? context.newId()
  const noted = context.dryRun && noteOf(context, batch, gathered, writes)
  createShared(context, batch, plan, writes)
  const created = giveIds(context, batch, plan)
  const missing = missingReferences(batch, plan)
  if (missing) return hold('skipped', 'waiting', 'missing-reference')

  const naming: Naming = {
    keyOf: (reference) => keyOfName.get(reference) ?? batch.keyOfName.get(reference) ?? reference,
    referenceTo: (key) => batch.referenceOf.get(key) ?? key
  }
  for (const piece of plan.creates) {
    const id = created.get(piece.key) as string
    const resource = { ...(withReferences(piece.resource, naming) as Resource), id }
    put(writes, resource, 'new')
  }
  for (const change of plan.updates) {
    const side = gathered.hub.get(change.place)
    if (!side?.resource) continue
    const resource = changedCopy(writes, side.reference, side.resource)
    for (const { bound: row, value } of change.rows) putRowValue(row, resource, value, naming)
    claimProfiles(resource, change.piece)
  }
  if (isBack(link))
    for (const { reference, resource } of gathered.hub.values()) if (resource) changedCopy(writes, reference, resource)
  for (const place of plan.unlisted) {
    const side = gathered.hub.get(place)
    if (side?.resource) markUnlisted(changedCopy(writes, side.reference, side.resource))
    if (link) writes.forgotten.push({ linkId: link.id, place })
  }
  for (const { place, ownership } of plan.pieces) {
    const side = ownership === 'owned' ? gathered.hub.get(place) : undefined
    if (side?.resource && isUnlisted(side.resource)) unmarkUnlisted(changedCopy(writes, side.reference, side.resource))
  }
  await keepConflicts(tx, context, linkId, plan)
  const seen = keepObservation(context, incoming, gathered, linkId, plan, writes)
  writes.links.push(linkRow(context, incoming, linkId, batch, plan, seen))
  keepPlaces(batch, linkId, gathered, plan, writes)
  noteDecisions(context, linkId, plan, writes)
  return { ...classify(gathered, plan), linkId, plan, ...(noted && { noted }) }
}

/** Opens the conflict of a record that is there again; it blocks the whole record, since nothing was agreed any more. */
async function askAboutReturn(
  tx: Transaction,
  { bound, newId, now, actor }: ApplyContext,
  link: Link,
  asked: Conflict | undefined,
  held: Applied,
  writes: Writes
): Promise<Applied> {
  if (asked) return held
  const row = bound.anchor.name
  await tx.ledger.putConflict({ id: newId(), linkId: link.id, row, code: 'conflict', content: returnConflict(bound), at: now })
  writes.audit.push({ at: now, actor, action: 'conflict opened', linkId: link.id, detail: { row, code: 'conflict' } })
  return { ...held, kind: 'conflicted' }
}

/** What the hub has of a record and of what it refers to, before this batch adds to it. */
function noteOf({ bound }: ApplyContext, batch: Batch, { incoming, mapped, ambiguous }: Gathered, writes: Writes): Noted {
  const known = (key: string) => {
    const reference = batch.referenceOf.get(key)
    return reference === undefined || writes.resources.get(reference)?.expected === 'new' ? null : reference
  }
  const shared = mapped.pieces.filter((piece) => piece.ownership === 'shared' && !ambiguous.includes(piece.key))
  const own = mapped.pieces.find((piece) => piece.part === bound.anchor)
  return {
    partnerKey: mapped.pieces.length > 0 ? (bound.keyOf(incoming.record) ?? null) : null,
    reference: own ? known(own.key) : null,
    shared: incoming.link ? [] : shared.map(({ key }) => ({ key, reference: known(key) })),
    ambiguous
  }
}

/** A person who is twice at the partner is, to each record, the one whom it names. */
function keysFor({ synonyms, keyOfName, referenceOf }: Batch, { pieces }: Gathered['mapped']): Map<string, string> {
  if (!synonyms) return keyOfName
  const own = pieces.flatMap(({ key }) => (referenceOf.has(key) ? [[referenceOf.get(key) as string, key] as const] : []))
  return new Map([...keyOfName, ...own])
}

/** Somebody else may have created what was missing when we looked: then this is decided again. */
async function requireSole(tx: Transaction, criteria: readonly string[]): Promise<void> {
  if (criteria.length === 0) return
  const bearers = await tx.hub.findByIdentifiers(criteria.flatMap(identifierOf))
  const several = [...bearers].filter(([, ids]) => ids.length > 1).map(([key]) => key.slice(0, key.indexOf('?')))
  if (several.length > 0) throw new VersionConflict(several)
}

/** Stubs that the hub lacks; within a batch each once. */
function createShared({ newId }: ApplyContext, batch: Batch, plan: Plan, writes: Writes): void {
  for (const piece of plan.pieces) {
    if (piece.ownership !== 'shared' || batch.referenceOf.has(piece.key)) continue
    const type = piece.resource.resourceType
    const id = newId()
    batch.referenceOf.set(piece.key, `${type}/${id}`)
    batch.keyOfName.set(`${type}/${id}`, piece.key)
    put(writes, { ...piece.resource, id } as Stored, 'new')
    writes.claims.push({ resourceType: type, criteria: piece.key, id })
  }
}

function giveIds({ newId }: ApplyContext, batch: Batch, plan: Plan): Map<string, string> {
  const created = new Map<string, string>()
  for (const piece of plan.creates) {
    const id = newId()
    created.set(piece.key, id)
    batch.referenceOf.set(piece.key, `${piece.resource.resourceType}/${id}`)
    batch.keyOfName.set(`${piece.resource.resourceType}/${id}`, piece.key)
  }
  return created
}

/** Whether something that would be written refers to a resource that is not in the hub yet. */
function missingReferences(batch: Batch, plan: Plan): boolean {
  const keys = new Set<string>()
  for (const piece of plan.creates) referencesIn(piece.resource, keys)
  for (const change of plan.updates) for (const { value } of change.rows) referencesIn(value, keys)
  return [...keys].some((key) => key.includes('?') && !batch.referenceOf.has(key))
}

function put(writes: Writes, resource: Stored, expected: number | 'new'): void {
  writes.resources.set(`${resource.resourceType}/${resource.id}`, { resource, expected })
}

/** The copy of a hub resource that this transaction changes; the same one when it is changed twice. */
function changedCopy(writes: Writes, reference: string, resource: Resource): Stored {
  const known = writes.resources.get(reference)
  if (known) return known.resource
  const copy = structuredClone(resource) as Stored
  put(writes, copy, Number(resource.meta?.versionId))
  return copy
}

/** Our profile claims follow the content; what an EHR claims stays. */
function claimProfiles(resource: Resource, piece: Piece): void {
  const ours = new Set(piece.part.mapping.profiles.map(({ url }) => url))
  const wanted = piece.resource.meta?.profile ?? []
  const others = (resource.meta?.profile ?? []).filter((url) => !ours.has(url))
  const profile = [...others, ...wanted]
  const { profile: _, ...meta } = resource.meta ?? {}
  resource.meta = profile.length > 0 ? { ...meta, profile } : meta
}

async function keepConflicts(tx: Transaction, { newId, now }: ApplyContext, linkId: string, plan: Plan): Promise<void> {
  for (const { row, code, content, unchanged } of plan.conflicts) {
    if (!unchanged) await tx.ledger.putConflict({ id: newId(), linkId, row, code, content, at: now })
  }
  await tx.ledger.closeConflicts(
    plan.closed.map((conflict) => conflict.id),
    now
  )
}

function keepObservation(
  context: ApplyContext,
  incoming: Incoming,
  gathered: Gathered,
  linkId: string,
  plan: Plan,
  writes: Writes
): string | null {
  if (!plan.partnerChanged && gathered.base !== undefined) return incoming.link?.baseObservation ?? null
  const id = context.newId()
  const { record, recordHash } = incoming
  writes.observations.push({
    id,
    linkId,
    runId: context.runId,
    at: context.now,
    origin: context.origin,
    recordHash,
    mappingVersion: context.bound.version,
    record
  })
  return id
}

function linkRow(
  context: ApplyContext,
  incoming: Incoming,
  id: string,
  batch: Batch,
  plan: Plan,
  observation: string | null
): LinkWrite {
  const { bound, connection } = context
  const anchorKey = bound.anchor.keyFor(incoming.record) as string
  const anchor = batch.referenceOf.get(anchorKey)
  const known = incoming.link
  const pending = plan.target !== undefined
  return {
    id,
    connection,
    entity: bound.entity.name,
    partnerKey: bound.keyOf(incoming.record) ?? known?.partnerKey ?? null,
    state: known?.state === 'fused' ? 'fused' : 'active',
    reason: null,
    rawHash: incoming.rawHash,
    recordHash: incoming.recordHash,
    baseObservation: observation,
    mappingVersion: bound.version,
    changedAt: incoming.changedAt ?? known?.changedAt ?? null,
    anchorType: bound.anchor.mapping.resourceType,
    anchorId: anchor?.slice(anchor.indexOf('/') + 1) ?? known?.anchorId ?? null,
    due: pending && known?.state !== 'fused',
    alternations: known?.alternations ?? 0
  }
}

/** The link of a record that cannot be worked now: its base stays, and its bytes are not remembered, so every run looks again. */
function heldRow(
  context: ApplyContext,
  { record, link }: Incoming,
  state: LinkWrite['state'],
  reason: string
): LinkWrite | undefined {
  const { bound, connection } = context
  const isRecord = record !== null && typeof record === 'object'
  const partnerKey = link?.partnerKey ?? (isRecord ? bound.keyOf(record) : undefined)
  if (partnerKey === undefined || partnerKey === null) return undefined
  return {
    id: link?.id ?? context.newId(),
    connection,
    entity: bound.entity.name,
    partnerKey,
    state,
    reason,
    rawHash: null,
    recordHash: link?.baseObservation ? link.recordHash : null,
    baseObservation: link?.baseObservation ?? null,
    mappingVersion: link?.mappingVersion ?? null,
    changedAt: link?.changedAt ?? null,
    anchorType: bound.anchor.mapping.resourceType,
    anchorId: link?.anchorId ?? null,
    due: !context.tells && (link?.due ?? false),
    alternations: link?.alternations ?? 0
  }
}

function keepPlaces(batch: Batch, linkId: string, gathered: Gathered, plan: Plan, writes: Writes): void {
  const before = new Map(gathered.places.map((one) => [one.place, one]))
  for (const piece of plan.pieces) {
    const reference = batch.referenceOf.get(piece.key)
    if (reference === undefined) continue
    const resourceType = piece.resource.resourceType
    const resourceId = reference.slice(resourceType.length + 1)
    const known = before.get(piece.place)
    const written = writes.resources.has(reference)
    const current = gathered.hub.get(piece.place)?.resource?.meta?.versionId
    if (
      known &&
      known.resourceId === resourceId &&
      !written &&
      (piece.ownership === 'shared' || String(known.version) === current)
    )
      continue
    writes.places.push({ linkId, place: piece.place, resourceType, resourceId, ownership: piece.ownership })
  }
}

function noteDecisions({ now, actor }: ApplyContext, linkId: string, plan: Plan, writes: Writes): void {
  for (const { row, by } of plan.overruled)
    writes.audit.push({ at: now, actor, action: 'row decided', linkId, detail: { row, by } })
  for (const { row, code, unchanged } of plan.conflicts) {
    if (!unchanged) writes.audit.push({ at: now, actor, action: 'conflict opened', linkId, detail: { row, code } })
  }
  for (const { row, resolution, resolvedBy } of plan.closed) {
    writes.audit.push({ at: now, actor: resolvedBy ?? actor, action: 'conflict closed', linkId, detail: { row, resolution } })
  }
}

function classify(gathered: Gathered, plan: Plan): Pick<Applied, 'kind' | 'hub'> {
  const isNew = gathered.incoming.link === undefined
  const hub = isNew
    ? plan.creates.length === plan.pieces.filter((piece) => piece.ownership === 'owned').length
      ? 'create'
      : 'link'
    : plan.updates.length + plan.creates.length + plan.unlisted.length > 0
      ? 'update'
      : 'none'
  if (plan.conflicts.some((conflict) => !conflict.unchanged)) return { kind: 'conflicted', hub }
  if (plan.target !== undefined) return { kind: 'merged', hub }
  if (hub !== 'none') return { kind: 'applied', hub }
  return { kind: plan.partnerChanged ? 'echo' : 'unchanged', hub }
}
