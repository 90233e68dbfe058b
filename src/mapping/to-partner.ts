/**
 * Resources become a partner record: onto the base, only the rows whose element differs from what the base itself would give.
 * Everything else keeps the base's literal, so number or text, null or missing, and fields that nobody foresaw survive.
 */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundResourcePart, BoundRow } from './bind.ts'
import { sid, Unreadable } from './conversion.ts'
import { equal } from './equal.ts'
import type { Issue } from './issue.ts'
import { itemKey, wrapItem } from './list.ts'
import { readAllAt, readAt } from './path.ts'
import type { Pool } from './pool.ts'
import type { ListRow, NestedRow } from './row.ts'
import { toFhir } from './to-fhir.ts'

type Node = Record<string, unknown>

export interface PartnerRecord {
  readonly record: Node
  readonly issues: readonly Issue[]
}

export interface BackOptions {
  /** The record as last agreed; without one every row is written and absent elements become the row's default. */
  readonly base?: unknown
  /** Also carry changes of nested records that have links of their own. */
  readonly deep?: boolean
}

/** Carries the resources of a pool back to the record whose anchor has the given key. */
export function toPartner(bound: BoundEntity, pool: Pool, anchorKey: string, options: BackOptions = {}): PartnerRecord {
  const anchor = pool.get(anchorKey)
  if (!anchor) throw new TypeError(`${bound.entity.name}: the resource ${bound.anchor.mapping.resourceType} that the record hangs on is not in the pool`)
  const back = new Back(pool, options.deep ?? false)
  if (options.base !== undefined) back.readBase(bound, options.base)
  const record = back.build(bound, anchor, options.base as Node | undefined)
  return { record, issues: back.issues }
}

/** The resource of each part, found by following references from the anchor. */
export function locateParts(bound: BoundEntity, anchor: Resource, pool: Pool): Map<string, Resource> {
  const located = new Map<string, Resource>([[bound.anchor.name, anchor]])
  const waiting = bound.parts.filter((part): part is BoundResourcePart => part.kind === 'resource' && part !== bound.anchor)
  for (let found = true; found; ) {
    found = false
    for (const part of waiting) {
      if (located.has(part.name)) continue
      const resource = findPart(bound, part, located, pool)
      if (!resource) continue
      located.set(part.name, resource)
      found = true
    }
  }
  return located
}

function findPart(bound: BoundEntity, wanted: BoundResourcePart, located: ReadonlyMap<string, Resource>, pool: Pool): Resource | undefined {
  for (const part of bound.parts) {
    const from = part.kind === 'resource' ? located.get(part.name) : undefined
    if (!from || part.kind !== 'resource') continue
    for (const { row, steps } of part.rows) {
      const target = row.kind === 'computed' ? row.target : row.kind === 'value' ? row.conversion?.target : undefined
      if (target?.type !== wanted.mapping.resourceType || sid(bound.scope, target.kind) !== wanted.keySystem) continue
      const reference = (readAt(from, steps) as { reference?: string } | undefined)?.reference
      const resource = reference === undefined ? undefined : pool.get(reference)
      if (resource?.resourceType === wanted.mapping.resourceType) return resource
    }
  }
  return undefined
}

class Back {
  readonly issues: Issue[] = []
  readonly #pool: Pool
  readonly #deep: boolean
  #baseResources = new Map<string, Resource>()

  constructor(pool: Pool, deep: boolean) {
    this.#pool = pool
    this.#deep = deep
  }

  readBase(bound: BoundEntity, base: unknown): void {
    this.#baseResources = new Map(toFhir(bound, base, { deep: true }).pieces.map((piece) => [piece.key, piece.resource]))
  }

  build(bound: BoundEntity, anchor: Resource, base: Node | undefined): Node {
    const located = locateParts(bound, anchor, this.#pool)
    let record: Node = base ?? {}
    for (const part of bound.parts) {
      if (part.kind !== 'resource') continue
      const baseKey = base === undefined ? undefined : part.keyFor(base)
      const before = baseKey === undefined ? undefined : this.#baseResources.get(baseKey)
      for (const row of part.rows) record = this.#apply(row, located.get(part.name), before, record, base)
    }
    for (const { from, derive } of bound.derived) {
      // a copy that disagreed with its fields before is the partner's business and stays as it is
      if (base === undefined || (record !== base && equal(base[from], derive(base)))) record = set(record, from, derive(record))
    }
    return record
  }

  #apply(bound: BoundRow, resource: Resource | undefined, before: Resource | undefined, record: Node, base: Node | undefined): Node {
    const { row } = bound
    if (row.kind === 'computed' || (base !== undefined && bound.write === 'never')) return record
    if (row.kind === 'list') return this.#applyList(bound, row, resource, before, record, base)
    const now = readAt(resource, bound.steps)
    const then = readAt(before, bound.steps)
    if (row.kind === 'nested') return this.#applyNested(bound, row, now, then, record, base)
    if (base !== undefined && (equal(now, then) || sameForPartner(bound, now, then))) return record
    if (row.conversion?.joins) {
      const fields = bound.conversion?.toPartner(now) as Node
      return Object.entries(fields).reduce((made, [name, value]) => set(made, name, value), record)
    }
    const value = partnerValue(bound, now)
    if (value instanceof Unreadable) {
      this.#problem(bound, resource, value)
      return record
    }
    const name = row.options.alias && record[row.from] === undefined && record[row.options.alias] !== undefined ? row.options.alias : row.from
    // a field that several elements show is written by the one that may be changed
    const shown = base === undefined && get(record, name) !== undefined
    if (bound.write === 'never' && (value === undefined || shown)) return record
    if (now === undefined && shown) return record
    return set(record, name, value)
  }

  #applyNested(bound: BoundRow, row: NestedRow, now: unknown, then: unknown, record: Node, base: Node | undefined): Node {
    const key = (now as { reference?: string } | undefined)?.reference
    const baseKey = (then as { reference?: string } | undefined)?.reference
    const baseItem = base === undefined ? undefined : get(base, row.from)
    if (base !== undefined && key === baseKey) {
      if (key === undefined) {
        if (equal(now, then)) return record
      } else if (itemKey(bound, baseItem, base) !== key) {
        // the same id stood twice in the record, and this copy says something else than the one that was mapped
        return record
      } else {
        const item = this.#rebuild(bound, key, baseItem, base)
        return item === baseItem ? record : set(record, row.from, item)
      }
    }
    if (key === undefined) return set(record, row.from, (now === undefined ? undefined : (row.fallback?.toPartner as ((element: unknown) => unknown) | undefined)?.(now)) ?? absent(bound))
    const item = this.#fresh(bound, key)
    return item === undefined ? record : set(record, row.from, item)
  }

  #applyList(
    bound: BoundRow,
    row: ListRow,
    resource: Resource | undefined,
    before: Resource | undefined,
    record: Node,
    base: Node | undefined,
  ): Node {
    const now = inOrder(readAllAt(resource, bound.steps), row)
    const then = inOrder(readAllAt(before, bound.steps), row)
    const stored = base === undefined ? undefined : get(base, row.from)
    const baseItems: unknown[] = Array.isArray(stored) ? stored : []
    const keysOf = (elements: Node[]) => elements.map((element) => (element[row.at] as { reference?: string } | undefined)?.reference)
    const nowKeys = keysOf(now)
    const alsoThen = new Map(keysOf(then).map((key, index) => [key, row.also ? then[index]?.[row.also.to] : undefined]))
    const update = (item: unknown, key: string, element: Node): unknown => {
      const rebuilt = this.#rebuild(bound, key, item, base)
      if (!row.also || equal(element[row.also.to], alsoThen.get(key))) return rebuilt
      return this.#withAlso(bound, row, rebuilt as Node, element)
    }
    const byKey = new Map<string, unknown[]>()
    const keyed = baseItems.map((item) => {
      const key = itemKey(bound, item, base)
      if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), item])
      return key
    })
    if (base !== undefined && equal(nowKeys, keysOf(then))) {
      const items = baseItems.map((item, index) => {
        const at = nowKeys.indexOf(keyed[index])
        return keyed[index] === undefined || at < 0 ? item : update(item, keyed[index], now[at] as Node)
      })
      return items.every((item, index) => item === baseItems[index]) ? record : set(record, row.from, items)
    }
    const items = nowKeys.flatMap((key, index) => {
      if (key === undefined) return []
      const element = now[index] as Node
      const known = byKey.get(key)
      if (known) return known.map((item) => update(item, key, element))
      const item = this.#fresh(bound, key)
      return item === undefined ? [] : [row.also ? this.#withAlso(bound, row, item as Node, element) : item]
    })
    const unkeyed = baseItems.filter((_, index) => keyed[index] === undefined)
    const all = [...items, ...unkeyed]
    return set(record, row.from, all.length === 0 ? (absent(bound) ?? []) : all)
  }

  #withAlso(bound: BoundRow, row: ListRow, item: Node, element: Node): Node {
    const value = element[row.also?.to ?? '']
    const back = value === undefined ? undefined : bound.element?.also?.toPartner(value)
    if (back instanceof Unreadable) {
      this.#problem(bound, undefined, back)
      return item
    }
    return set(item, row.also?.from ?? '', back)
  }

  /** An item that the base has, with what changed in its own resource. */
  #rebuild(bound: BoundRow, key: string, item: unknown, around: Node | undefined): unknown {
    const { nested, entity } = bound.nested as NonNullable<BoundRow['nested']>
    const resource = this.#pool.get(key)
    const wrapped = wrapItem(bound, item, around) as Node | undefined
    if ((nested.own && !this.#deep) || !resource || wrapped === undefined) return item
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
 * Whether two elements mean the same to the partner although they differ in FHIR: an episode on hold and an active one are both
 * ACTIVE, no extension and one that says `false` are both `false`. Then there is nothing to write on either side.
 */
export function sameForPartner(bound: BoundRow, a: unknown, b: unknown): boolean {
  if (bound.row.kind !== 'value') return false
  const left = partnerValue(bound, a)
  return !(left instanceof Unreadable) && equal(left, partnerValue(bound, b))
}

/** What the partner would be given for an element; an absent one is the row's default. */
export function partnerValue(bound: BoundRow, element: unknown): unknown {
  if (bound.row.kind === 'value' && bound.row.conversion?.joins) return bound.conversion?.toPartner(element)
  if (element === undefined) return absent(bound)
  const value = bound.conversion ? bound.conversion.toPartner(element) : element
  return value === undefined ? absent(bound) : value
}

const absent = (bound: BoundRow): unknown => (bound.row.kind === 'computed' ? undefined : bound.row.options.absent)

/** Elements in the order of their ordinals; those without one come last, as they stand. */
export function inOrder(elements: readonly unknown[], row: ListRow): Node[] {
  const { ordinal } = row
  const list = elements as Node[]
  if (!ordinal) return [...list]
  const place = (element: Node) => (typeof element[ordinal] === 'number' ? (element[ordinal] as number) : Number.MAX_SAFE_INTEGER)
  return [...list].sort((a, b) => place(a) - place(b))
}

function get(record: unknown, path: string): unknown {
  let at: unknown = record
  for (const name of path.split('.')) at = (at as Node | null | undefined)?.[name]
  return at
}

/** A copy of the record with one field changed; the rest is shared. `undefined` leaves the key out. */
function set(record: Node, path: string, value: unknown): Node {
  const dot = path.indexOf('.')
  const name = dot < 0 ? path : path.slice(0, dot)
  const inner = dot < 0 ? value : set((record[name] as Node | null | undefined) ?? {}, path.slice(dot + 1), value)
  if (inner === undefined) {
    if (!(name in record)) return record
    const { [name]: _, ...rest } = record
    return rest
  }
  return { ...record, [name]: inner }
}
