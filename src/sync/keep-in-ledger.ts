/** What the ledger keeps of a record that was applied: link, base, places, conflicts, decisions. */
import type { LinkWrite } from '../ledger/links.ts'
import type { ApplyContext, Writes } from './batch-writes.ts'
import type { Batch, Gathered, Incoming } from './gather.ts'
import type { Plan } from './reconcile.ts'
import type { Transaction } from './store.ts'

export async function keepConflicts(tx: Transaction, { newId, now }: ApplyContext, linkId: string, plan: Plan): Promise<void> {
  for (const { row, code, content, unchanged } of plan.conflicts) {
    if (!unchanged) await tx.ledger.putConflict({ id: newId(), linkId, row, code, content, at: now })
  }
  await tx.ledger.closeConflicts(
    plan.closed.map((conflict) => conflict.id),
    now
  )
}

export function keepObservation(
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

export function linkRow(
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
export function heldRow(
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

export function keepPlaces(batch: Batch, linkId: string, gathered: Gathered, plan: Plan, writes: Writes): void {
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

export function noteDecisions({ now, actor }: ApplyContext, linkId: string, plan: Plan, writes: Writes): void {
  for (const { row, by } of plan.overruled)
    writes.audit.push({ at: now, actor, action: 'row decided', linkId, detail: { row, by } })
  for (const { row, code, unchanged } of plan.conflicts) {
    if (!unchanged) writes.audit.push({ at: now, actor, action: 'conflict opened', linkId, detail: { row, code } })
  }
  for (const { row, resolution, resolvedBy } of plan.closed) {
    writes.audit.push({ at: now, actor: resolvedBy ?? actor, action: 'conflict closed', linkId, detail: { row, resolution } })
  }
}
