/** What a round would write, told before anything is written: on the first round this is the report of the onboarding. */
import { parseKey } from '#mapping'
import type { Applied } from './apply.ts'

export interface WouldWrite {
  readonly connection: string
  /** The record type; for who and what records only refer to, the type of resource: `Patient`. */
  readonly entity: string
  readonly partnerKey: string | null
  /** `link`: the hub has it already, and it is tied to the record. `ambiguous`: several could be meant, and a person must say which. */
  readonly hub: 'create' | 'update' | 'link' | 'ambiguous' | 'none'
  readonly partner: 'create' | 'update' | 'none'
  /** Rows that would be written on either side. */
  readonly rows: readonly string[]
  /** Rows on which the two sides differ and a person would be asked. */
  readonly conflicts: readonly string[]
  /** What the hub has of it already, as `Patient/<id>`. */
  readonly reference: string | null
  /** Why nothing would be done. */
  readonly reason: string | null
}

/** What a dry run notes of one record beside its outcome. */
export interface Noted {
  readonly partnerKey: string | null
  /** The hub's resource for the record itself, when there is one. */
  readonly reference: string | null
  /** Resources that the record refers to and shares with others, by key; without reference where they would be created. */
  readonly shared: readonly { readonly key: string; readonly reference: string | null }[]
  readonly ambiguous: readonly string[]
}

export function wouldWriteOf(connection: string, entity: string, { hub, plan, reason, noted }: Applied): WouldWrite[] {
  const none = { connection, partner: 'none', rows: [], conflicts: [], reference: null, reason: null } as const
  const updates = plan?.updates.flatMap((update) => update.rows.map(({ bound }) => `${update.place}.${bound.row.to}`)) ?? []
  const own: WouldWrite = {
    ...none,
    entity,
    partnerKey: noted?.partnerKey ?? null,
    hub: reason === 'ambiguous' ? 'ambiguous' : hub,
    partner: plan?.target ? 'update' : 'none',
    rows: [...updates, ...(plan?.target?.rows ?? [])],
    conflicts: plan?.conflicts.map(({ row }) => row) ?? [],
    reference: noted?.reference ?? null,
    reason: reason ?? null
  }
  const named = (key: string) => ({ ...none, entity: key.slice(0, key.indexOf('?')), partnerKey: parseKey(key)?.value ?? key })
  return [
    own,
    ...(noted?.shared ?? []).map(({ key, reference }) => ({
      ...named(key),
      hub: reference ? ('link' as const) : ('create' as const),
      reference
    })),
    ...(noted?.ambiguous ?? []).map((key) => ({ ...named(key), hub: 'ambiguous' as const, reason: 'ambiguous' }))
  ]
}

/** Each resource once, although several records of several pages would write it. */
export function eachOnce(list: readonly WouldWrite[]): WouldWrite[] {
  return [
    ...new Map(list.toReversed().map((one) => [`${one.connection} ${one.entity} ${one.partnerKey}`, one])).values()
  ].reverse()
}

export type Onboarding = Readonly<Record<string, { linked: number; created: number; ambiguous: number }>>

/** How many of each kind would be linked, created, or left to a person. */
export function onboardingOf(list: readonly WouldWrite[]): Onboarding {
  const counts: Record<string, { linked: number; created: number; ambiguous: number }> = {}
  for (const { entity, hub } of list) {
    if (hub === 'none' || hub === 'update') continue
    counts[entity] ??= { linked: 0, created: 0, ambiguous: 0 }
    counts[entity][hub === 'link' ? 'linked' : hub === 'create' ? 'created' : 'ambiguous']++
  }
  return counts
}
