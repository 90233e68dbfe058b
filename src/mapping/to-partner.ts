/**
 * Resources become a partner record: onto the base, only the rows whose element differs from what the base itself would give.
 * Everything else keeps the base's literal, so number or text, null or missing, and fields that nobody foresaw survive.
 */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundRow } from './bind.ts'
import { Unreadable } from './conversion.ts'
import { equal } from './equal.ts'
import { Draft, fieldAt, withField } from './field.ts'
import type { Issue } from './issue.ts'
import { inOrder, itemKey, wrapItem } from './list.ts'
import { absent, partnerValue, sameForPartner } from './partner-value.ts'
import { PieceIndex } from './piece-index.ts'
import type { Pool } from './pool.ts'
import { locateParts } from './route.ts'
import type { ListRow, NestedRow, ValueRow } from './row.ts'
import { type Piece, toFhir } from './to-fhir.ts'

type Node = Record<string, unknown>

export interface PartnerRecord {
  readonly record: Node
  readonly issues: readonly Issue[]
}

export interface BackOptions {
  /** The record as last agreed; without one every row is written and absent elements become the row's default. */
  readonly base?: unknown
  /** What `toFhir(base, { deep: true })` gave, where the caller has it already. Pieces that are missing count as absent. */
  readonly before?: readonly Piece[] | undefined
  /** Also carry changes of nested records that have links of their own. */
  readonly deep?: boolean
}

/** Carries the resources of a pool back to the record whose anchor has the given key. */
export function toPartner(bound: BoundEntity, pool: Pool, anchorKey: string, options: BackOptions = {}): PartnerRecord {
  const anchor = pool.get(anchorKey)
  if (!anchor)
    throw new TypeError(
      `${bound.entity.name}: the resource ${bound.anchor.mapping.resourceType} that the record hangs on is not in the pool`
    )
  const { base, deep = false } = options
  const before = base === undefined ? [] : (options.before ?? toFhir(bound, base, { deep: true }).pieces)
  const back = new Back(pool, before, deep)
  return { record: back.build(bound, anchor, base as Node | undefined), issues: back.issues }
}

class Back {
  readonly issues: Issue[] = []
  readonly #pool: Pool
  readonly #before: PieceIndex
  readonly #deep: boolean

  constructor(pool: Pool, before: readonly Piece[], deep: boolean) {
    this.#pool = pool
    this.#deep = deep
    this.#before = new PieceIndex(before)
  }

  build(bound: BoundEntity, anchor: Resource, base: Node | undefined): Node {
    const located = locateParts(bound, anchor, this.#pool)
    const draft = new Draft(base)
    for (const part of bound.parts) {
      if (part.kind !== 'resource') continue
      const now = located.get(part.name)
      const before = base === undefined ? undefined : this.#before.find(part.prefix, part.idFor(base))?.resource
      // the very resource that the base became: only what it refers to can have changed
      const rows = base !== undefined && now === before ? part.leading : part.rows
      for (const row of rows) this.#apply(row, now, before, draft, base)
    }
    for (const { from, derive } of bound.derived) {
      // a copy that disagreed with its fields before is the partner's business and stays as it is
      if (base === undefined || (draft.changed && equal(base[from], derive(base)))) draft.set(from, derive(draft.record))
    }
    return draft.record
  }

  #apply(
    bound: BoundRow,
    resource: Resource | undefined,
    before: Resource | undefined,
    draft: Draft,
    base: Node | undefined
  ): void {
    const { row } = bound
    if (row.kind === 'computed' || (base !== undefined && bound.write === 'never')) return
    const late = base !== undefined && bound.write === 'on-create'
    if (row.kind === 'list') {
      if (!late) this.#applyList(bound, row, resource, before, draft, base)
      return
    }
    const now = bound.read(resource)
    const then = before === undefined ? undefined : bound.read(before)
    if (row.kind === 'nested') {
      if (!late) this.#applyNested(bound, row, now, then, draft, base)
      return
    }
    if (base !== undefined && (equal(now, then) || sameForPartner(bound, now, then))) return
    if (late) {
      this.#problem(bound, resource, new Unreadable('can be written only when the record is created', 'unsupported-write'))
      return
    }
    if (row.conversion?.joins) {
      for (const [name, value] of Object.entries(bound.conversion?.toPartner(now) as Node)) draft.set(name, value)
      return
    }
    if (base !== undefined && equal(now, shownBy(bound, row, draft.record))) return
    const value = partnerValue(bound, now)
    if (value instanceof Unreadable) {
      this.#problem(bound, resource, value)
      return
    }
    const { alias } = row.options
    const name = alias && draft.record[row.from] === undefined && draft.record[alias] !== undefined ? alias : row.from
    if (base === undefined && (now === undefined || bound.write === 'never')) {
      // a field that several elements show is written by the one that may be changed
      const shown = fieldAt(draft.record, name) !== undefined
      if (shown || (bound.write === 'never' && value === undefined)) return
    }
    draft.set(name, value)
  }

  #applyNested(bound: BoundRow, row: NestedRow, now: unknown, then: unknown, draft: Draft, base: Node | undefined): void {
    const key = (now as { reference?: string } | undefined)?.reference
    const baseKey = (then as { reference?: string } | undefined)?.reference
    if (base !== undefined && key === baseKey) {
      if (key === undefined) {
        if (equal(now, then)) return
      } else {
        const baseItem = fieldAt(base, row.from)
        // the same id may have stood twice in the record, and this copy say something else than the one that was mapped
        const item = itemKey(bound, baseItem, base) === key ? this.#rebuild(bound, key, baseItem, base) : baseItem
        if (item !== baseItem) draft.set(row.from, item)
        return
      }
    }
    if (key !== undefined) {
      const item = this.#fresh(bound, key)
      if (item !== undefined) draft.set(row.from, item)
      return
    }
    const fallback = row.fallback?.toPartner as ((element: unknown) => unknown) | undefined
    draft.set(row.from, (now === undefined ? undefined : fallback?.(now)) ?? absent(bound))
  }

  #applyList(
    bound: BoundRow,
    row: ListRow,
    resource: Resource | undefined,
    before: Resource | undefined,
    draft: Draft,
    base: Node | undefined
  ): void {
    const now = inOrder(bound.readAll(resource), row)
    const then = before === undefined ? [] : inOrder(bound.readAll(before), row)
    const stored = base === undefined ? undefined : fieldAt(base, row.from)
    const baseItems: readonly unknown[] = Array.isArray(stored) ? stored : []
    if (base !== undefined && now.length === 0 && then.length === 0) return
    const keyOf = (element: Node) => (element[row.at] as { reference?: string } | undefined)?.reference
    const nowKeys = now.map(keyOf)
    const thenKeys = then.map(keyOf)
    const keyed = baseItems.map((item) => itemKey(bound, item, base))
    const update = (item: unknown, key: string, element: Node): unknown => {
      const rebuilt = this.#rebuild(bound, key, item, base)
      if (!row.also || equal(element[row.also.to], then[thenKeys.indexOf(key)]?.[row.also.to])) return rebuilt
      return this.#withAlso(bound, row, rebuilt as Node, element)
    }
    if (base !== undefined && equal(nowKeys, thenKeys)) {
      const place = placesOf(nowKeys)
      const items = baseItems.map((item, index) => {
        const key = keyed[index]
        const at = key === undefined ? undefined : place(key)
        return key === undefined || at === undefined ? item : update(item, key, now[at] as Node)
      })
      if (items.some((item, index) => item !== baseItems[index])) draft.set(row.from, items)
      return
    }
    const known = new Map<string, unknown[]>()
    keyed.forEach((key, index) => {
      if (key !== undefined) known.set(key, [...(known.get(key) ?? []), baseItems[index]])
    })
    const items = nowKeys.flatMap((key, index) => {
      if (key === undefined) return []
      const element = now[index] as Node
      const same = known.get(key)
      if (same) return same.map((item) => update(item, key, element))
      const item = this.#fresh(bound, key)
      return item === undefined ? [] : [row.also ? this.#withAlso(bound, row, item as Node, element) : item]
    })
    const all = [...items, ...baseItems.filter((_, index) => keyed[index] === undefined)]
    draft.set(row.from, all.length === 0 ? (absent(bound) ?? []) : all)
  }

  #withAlso(bound: BoundRow, row: ListRow, item: Node, element: Node): Node {
    const value = element[row.also?.to ?? '']
    const back = value === undefined ? undefined : bound.element?.also?.toPartner(value)
    if (back instanceof Unreadable) {
      this.#problem(bound, undefined, back)
      return item
    }
    return withField(item, row.also?.from ?? '', back)
  }

  /** An item that the base has, with what changed in its own resource. */
  #rebuild(bound: BoundRow, key: string, item: unknown, around: Node | undefined): unknown {
    const { nested, entity } = bound.nested as NonNullable<BoundRow['nested']>
    const resource = nested.own && !this.#deep ? undefined : this.#pool.get(key)
    const wrapped = resource && (wrapItem(bound, item, around) as Node | undefined)
    if (!resource || wrapped === undefined) return item
    const rebuilt = this.build(entity, resource, wrapped)
    return rebuilt === wrapped ? item : (nested.unwrap as (record: unknown) => unknown)(rebuilt)
  }

  /** An item that the base does not have. */
  #fresh(bound: BoundRow, key: string): unknown {
    const { nested, entity } = bound.nested as NonNullable<BoundRow['nested']>
    const resource = this.#pool.get(key)
    if (!resource) {
      this.#problem(bound, undefined, new Unreadable('refers to a resource that is not here', 'missing-reference'))
      return undefined
    }
    return (nested.unwrap as (record: unknown) => unknown)(this.build(entity, resource, undefined))
  }

  #problem(bound: BoundRow, resource: Resource | undefined, { code, message }: Unreadable): void {
    const to = `${resource?.resourceType ?? bound.part}.${bound.row.to}`
    this.issues.push({ from: bound.from.join(', '), to, code, message })
  }
}

/**
 * What a field that is read together with others shows once these are changed; a code whose revision is no longer one that can be
 * coded shows nothing, and so stays. `nothing` for other rows.
 */
function shownBy(bound: BoundRow, { from, options: { given } }: ValueRow, record: Node): unknown {
  if (given === undefined) return nothing
  const value = fieldAt(record, from)
  if (typeof value !== bound.type) return undefined
  const shown = bound.conversion?.toFhir(value, ...given.map((path) => fieldAt(record, path)))
  return shown instanceof Unreadable ? shown.fallback : shown
}

const nothing = Symbol('nothing')

/** Where a key stands first; prepared only for lists that are long. */
function placesOf(keys: readonly (string | undefined)[]): (key: string) => number | undefined {
  if (keys.length < 8) {
    return (key) => {
      const at = keys.indexOf(key)
      return at < 0 ? undefined : at
    }
  }
  const places = new Map<string, number>()
  keys.forEach((key, index) => {
    if (key !== undefined && !places.has(key)) places.set(key, index)
  })
  return (key) => places.get(key)
}
