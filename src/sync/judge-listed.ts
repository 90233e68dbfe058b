/** What a listed record, parsed because its bytes were not known, is to its link. Pure. */
import type { Link } from '../ledger/links.ts'
import type { OutcomeKind } from './books.ts'

export interface Listing {
  /** A worker holds the link, or a write to the partner has no answer yet. */
  readonly inWork: boolean
  /** Both sides agreed after the page was asked for, so that it may be older than the base. */
  readonly agreedSince: boolean
  /** The same record stood in this batch already: the listing moved while it was read. */
  readonly listedBefore: boolean
  /** It resembles a record whose creation by us is in doubt. */
  readonly mayBeOurs: boolean
}

export type ListedVerdict =
  | { readonly kind: 'changed'; readonly lookAgain?: false }
  | { readonly kind: OutcomeKind; readonly reason?: string; readonly lookAgain?: boolean }

export function judgeListed(recordHash: Buffer, link: Link | undefined, listing: Listing): ListedVerdict {
  if (link?.state === 'active' && link.recordHash?.equals(recordHash)) return { kind: 'unchanged' }
  if (listing.inWork) return { kind: 'skipped', reason: 'in-work', lookAgain: true }
  if (link && listing.agreedSince) return { kind: 'skipped', reason: 'agreed-since', lookAgain: true }
  if (link?.state === 'fused') return { kind: 'parked', reason: 'fused' }
  if (listing.listedBefore) return { kind: 'skipped', reason: 'listed-twice' }
  if (!link && listing.mayBeOurs) return { kind: 'skipped', reason: 'may-be-ours' }
  return { kind: 'changed' }
}
