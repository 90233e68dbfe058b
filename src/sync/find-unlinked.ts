/** Resources that were in the hub before their records had a link. */
import type { Mapped } from '#mapping'
import type { Incoming } from './gather.ts'
import { refOfName } from './reference-name.ts'
import type { Transaction } from './store.ts'

/** Resources of the hub that bear the identifiers of records which have no link yet: they were in both systems before. */
export async function findUnlinked(
  tx: Transaction,
  batch: readonly Incoming[],
  mapped: readonly Mapped[],
  found: ReadonlyMap<string, string[]>
) {
  const byKey = new Map<string, string>()
  const linkOf = new Map<string, string | undefined>()
  const ambiguous: string[] = []
  batch.forEach(({ link }, index) => {
    for (const piece of mapped[index]?.pieces ?? []) {
      const ids = found.get(piece.key) ?? []
      const type = piece.resource.resourceType
      if (ids.length > 1) ambiguous.push(piece.key)
      else if (piece.ownership === 'owned' && ids.length === 1) byKey.set(piece.key, `${type}/${ids[0]}`)
      linkOf.set(piece.key, link?.id)
    }
  })
  const owners = await tx.ledger.ownersOf([...byKey.values()].map(refOfName))
  const taken = new Map(owners.map((owner) => [`${owner.resourceType}/${owner.resourceId}`, owner.linkId]))
  for (const [key, reference] of byKey) {
    const owner = taken.get(reference)
    if (owner === undefined) continue
    byKey.delete(key)
    if (owner !== linkOf.get(key)) ambiguous.push(key)
  }
  return { byKey, ambiguous, references: [...byKey.values()] }
}
