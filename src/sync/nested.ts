/** Records inside records that have links of their own: a physician, a payer, a card. The newest record around them speaks for them. */
import { type BoundEntity, nestedRecords } from '#mapping'
import { type Applied, applyRecords } from './apply.ts'
import type { ApplyContext } from './batch-writes.ts'
import { type SyncConnection, writableOf } from './connection.ts'
import type { Incoming } from './gather.ts'
import { recordHashOf } from './hash.ts'
import type { Transaction } from './store.ts'

interface Copy {
  readonly record: unknown
  readonly changedAt: string | undefined
}

/** Applies the nested records of a batch, the innermost first, so that what refers to them finds them. */
export async function applyNested(
  tx: Transaction,
  connection: SyncConnection,
  bound: BoundEntity,
  context: Omit<ApplyContext, 'bound' | 'writable' | 'origin'>,
  around: readonly Incoming[]
): Promise<Map<string, Applied[]>> {
  const byEntity = new Map<BoundEntity, Map<string, Copy>>()
  for (const { record, changedAt } of around) {
    for (const nested of nestedRecords(bound, record)) {
      const key = nested.entity.keyOf(nested.record)
      if (key === undefined) continue
      // entities that stand deeper are met later: putting each anew at the end keeps the innermost last
      const copies = byEntity.get(nested.entity) ?? new Map<string, Copy>()
      byEntity.delete(nested.entity)
      byEntity.set(nested.entity, copies)
      const known = copies.get(key)
      if (!known || (known.changedAt ?? '') <= (changedAt ?? '')) copies.set(key, { record: nested.record, changedAt })
    }
  }
  const results = new Map<string, Applied[]>()
  for (const [entity, copies] of [...byEntity].sort((a, b) => depth(a[0]) - depth(b[0]))) {
    results.set(entity.entity.name, await applyCopies(tx, connection, entity, context, copies))
  }
  return results
}

/** How deep records are nested inside an entity's: 0 where there are none. */
function depth(bound: BoundEntity): number {
  const inner = bound.parts.flatMap((part) => (part.kind === 'nested' && part.nested.own ? [depth(part.entity) + 1] : []))
  return Math.max(0, ...inner)
}

async function applyCopies(
  tx: Transaction,
  connection: SyncConnection,
  bound: BoundEntity,
  context: Omit<ApplyContext, 'bound' | 'writable' | 'origin'>,
  copies: ReadonlyMap<string, Copy>
): Promise<Applied[]> {
  const found = await tx.ledger.linksByKey(context.connection, bound.entity.name, [...copies.keys()])
  const links = await tx.ledger.lockLinks([...found.values()].map((link) => link.id))
  const same: Applied = { kind: 'unchanged', linkId: undefined, plan: undefined, hub: 'none' }
  const results: Applied[] = []
  const changed: Incoming[] = []
  for (const [key, { record, changedAt }] of copies) {
    const link = links.get(found.get(key)?.id ?? '')
    const recordHash = recordHashOf(record)
    if (link?.recordHash?.equals(recordHash)) results.push(same)
    else if (link?.changedAt && changedAt && link.changedAt > changedAt)
      results.push({ ...same, kind: 'skipped', reason: 'older-copy' })
    else changed.push({ record, rawHash: null, recordHash, link, changedAt })
  }
  if (changed.length === 0) return results
  const writable = writableOf(connection, bound.entity)
  return [...results, ...(await applyRecords(tx, { ...context, bound, writable, origin: 'nested' }, changed))]
}
