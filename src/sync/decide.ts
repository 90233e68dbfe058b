/**
 * The decision: what becomes of one row, given what was agreed and what both sides say now. Pure, and the only place where it is
 * made. Changed on one side: it goes to the other. Changed on both to the same: agreed. Changed on both differently: the row's
 * rule decides, and where the rule is a person, the row waits while all others flow on.
 */
import { type BoundRow, equal, type Rule, sameForPartner } from '#mapping'
import type { ConflictCode, Resolution } from '../ledger/conflicts.ts'
import { mergeLists } from './merge-lists.ts'
import type { ListItem } from './row-value.ts'

/** The three values of a row; `undefined` where there is none. */
export interface Sides {
  readonly base: unknown
  readonly partner: unknown
  readonly hub: unknown
}

export type Verdict =
  /** Nothing to do: no side changed, or both mean the same. `changed` when both came to it since the base. */
  | { readonly kind: 'agreed'; readonly changed: boolean }
  | { readonly kind: 'to-hub'; readonly value: unknown; readonly by?: Rule | 'person' }
  | { readonly kind: 'to-partner'; readonly value: unknown; readonly by?: Rule | 'person' }
  /** A value that neither side has yet: lists brought together, or a third value that a person gave. */
  | { readonly kind: 'to-both'; readonly value: unknown; readonly by?: Rule | 'person' }
  | { readonly kind: 'conflict'; readonly code: ConflictCode; readonly message: string }

/** What the partner can be told of a row. */
export type Writable = true | 'partner-read-only' | 'unsupported-write'

export interface Circumstances {
  readonly writable: Writable
  /** A rule of the connection for this row, in place of the row's own. */
  readonly rule?: Rule | undefined
  /** What a person decided about exactly these values. */
  readonly decided?: { readonly resolution: Resolution; readonly value?: unknown } | undefined
  /** Whether both clocks are declared trustworthy, and which side changed last; only then may `latest` decide. */
  readonly latest?: 'partner' | 'fhir' | undefined
}

const cannotWrite = {
  'partner-read-only': 'was changed in FHIR, and the partner keeps this as its own master data',
  'unsupported-write': 'was changed in FHIR, and the partner has no documented call that would take it'
} as const

export function decide(bound: BoundRow, sides: Sides, circumstances: Circumstances): Verdict {
  const { base, partner, hub } = sides
  const same = (a: unknown, b: unknown) => equal(a, b) || sameForPartner(bound, a, b)
  const partnerChanged = !same(base, partner)
  const hubChanged = !same(base, hub)

  if (circumstances.decided) return settled(circumstances.decided, sides, circumstances.writable, same)
  if (same(partner, hub)) return { kind: 'agreed', changed: partnerChanged || hubChanged }
  if (!hubChanged) return { kind: 'to-hub', value: partner }
  if (!partnerChanged) return toPartner(hub, circumstances.writable)
  return both(bound, sides, circumstances)
}

function settled(
  decided: NonNullable<Circumstances['decided']>,
  { partner, hub }: Sides,
  writable: Writable,
  same: (a: unknown, b: unknown) => boolean
): Verdict {
  if (decided.resolution === 'value') {
    if (same(decided.value, partner)) return { kind: 'to-hub', value: partner, by: 'person' }
    const told = toPartner(decided.value, writable)
    return told.kind === 'to-partner' ? { kind: 'to-both', value: decided.value, by: 'person' } : told
  }
  if (same(partner, hub)) return { kind: 'agreed', changed: true }
  if (decided.resolution === 'partner') return { kind: 'to-hub', value: partner, by: 'person' }
  const told = toPartner(hub, writable)
  return told.kind === 'to-partner' ? { ...told, by: 'person' } : told
}

function toPartner(value: unknown, writable: Writable): Verdict {
  return writable === true ? { kind: 'to-partner', value } : { kind: 'conflict', code: writable, message: cannotWrite[writable] }
}

/** Both sides changed the row, to different values. */
function both(bound: BoundRow, { base, partner, hub }: Sides, { rule = bound.rule, writable, latest }: Circumstances): Verdict {
  const conflict: Verdict = { kind: 'conflict', code: 'conflict', message: 'was changed on both sides to different values' }
  const fromHub = (): Verdict => {
    const told = toPartner(hub, writable)
    return told.kind === 'to-partner' ? { ...told, by: rule } : told
  }
  const fromPartner: Verdict = { kind: 'to-hub', value: partner, by: rule }
  if (rule === 'human' && bound.row.kind === 'list') {
    const merged = mergeLists(base as ListItem[] | undefined, partner as ListItem[] | undefined, hub as ListItem[] | undefined)
    if (!merged) return conflict
    if (equal(merged, partner)) return { kind: 'to-hub', value: merged }
    return writable === true
      ? { kind: 'to-both', value: merged }
      : { kind: 'conflict', code: writable, message: cannotWrite[writable] }
  }
  switch (rule) {
    case 'partner':
      return fromPartner
    case 'fhir':
      return fromHub()
    case 'prefer-unless-blank':
      return partner === undefined ? fromHub() : hub === undefined ? fromPartner : conflict
    case 'append-only':
      if (typeof partner !== 'string' || typeof hub !== 'string') return conflict
      return partner.startsWith(hub) ? fromPartner : hub.startsWith(partner) ? fromHub() : conflict
    case 'latest':
      return latest === 'partner' ? fromPartner : latest === 'fhir' ? fromHub() : conflict
    case 'human':
    case 'immutable-after-signature':
      return conflict
    default:
      return neverRule(rule)
  }
}

function neverRule(rule: never): never {
  throw new TypeError(`no such rule: ${String(rule)}`)
}
