import type { BoundEntity } from '#mapping'
import type { Link } from '../ledger/links.ts'
import { recordHashOf } from './hash.ts'
import type { Held } from './held-link.ts'
import type { Transaction } from './store.ts'

/** Keeps the record that a partner took as the link's base; the link stays due until it was read back. */
export async function keepSent(
  tx: Transaction,
  { engine }: Held,
  bound: BoundEntity,
  link: Link,
  record: unknown,
  now: number
): Promise<void> {
  const id = engine.ports.newId()
  const recordHash = recordHashOf(record)
  const mappingVersion = bound.version
  await tx.ledger.observe([{ id, linkId: link.id, runId: null, at: now, origin: 'sent', recordHash, mappingVersion, record }])
  await tx.ledger.writeLinks([{ ...link, rawHash: null, recordHash, baseObservation: id, mappingVersion, due: true }])
}
