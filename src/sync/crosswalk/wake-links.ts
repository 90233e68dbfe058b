/** Once it is known who somebody is, what waited for it goes on. */

import type { Transaction } from '../store.ts'
import { refOf } from './identity.ts'

/** Marks as due what waits for an identity, and what is in conflict about resources that refer to this person. */
export async function wakeLinks(tx: Transaction, person: string): Promise<void> {
  const waiting = (await tx.ledger.linksInNeedOfIdentity()).map(({ id }) => id)
  const owners = await tx.ledger.ownersOf([refOf(person), ...(await tx.hub.findReferring(refOf(person)))])
  const inConflict = (await tx.ledger.openConflicts(owners.map(({ linkId }) => linkId))).map(({ linkId }) => linkId)
  const due = [...new Set([...waiting, ...inConflict])].sort()
  await tx.ledger.markDue(due)
  for (const id of due) await tx.workLater(id)
}
