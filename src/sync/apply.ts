/**
 * Carries out what was decided for a batch of records, in one transaction: resources, links, observations, conflicts and audit
 * are written together or not at all. Only calls to partners happen elsewhere.
 */
import type { Resource } from '@medplum/fhirtypes'
import { VersionConflict } from '../fhir/store/version-conflict.ts'
import type { Conflict } from '../ledger/conflicts.ts'
import type { Link, LinkResource, LinkWrite } from '../ledger/links.ts'
import type { ApplyContext, Writes } from './batch-writes.ts'
import type { OutcomeKind } from './books.ts'
import { settleBearers } from './crosswalk/settle-bearers.ts'
import { type Batch, type Gathered, gather, type Incoming, identifierOf } from './gather.ts'
import { changedCopy, claimProfiles, createShared, giveIds, missingReferences, put } from './hub-batch.ts'
import { heldRow, keepConflicts, keepObservation, keepPlaces, linkRow, noteDecisions } from './keep-in-ledger.ts'
import { isBack, keptInError, reappeared, reinstated, returnConflict } from './reappeared.ts'
import { type Plan, reconcile } from './reconcile.ts'
import { type Naming, putRowValue, withReferences } from './row-value.ts'
import type { Transaction } from './store.ts'
import { isUnlisted, markUnlisted, unmarkUnlisted } from './unlisted.ts'
import type { Noted } from './would-write.ts'

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
