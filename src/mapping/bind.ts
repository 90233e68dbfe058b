/** An entity bound to a connection: paths resolved, conversions prepared, resources built by compiled functions. */
import { compileMapping, type MakeResource } from './compile.ts'
import { type BoundConversion, extensionUrl, type Scope } from './conversion.ts'
import type { AnyEntity, Ownership, ResourcePart } from './entity.ts'
import { fieldReader, lackOf } from './field.ts'
import { type FieldType, fieldType } from './field-type.ts'
import type { Mapping } from './mapping.ts'
import type { Nested } from './nested.ts'
import { type Pattern, parsePath, type Step } from './path.ts'
import { type ListReader, listReader, type Reader, reader } from './reader.ts'
import { keyOf, parseKey } from './reference.ts'
import { type Route, routesOf } from './route.ts'
import type { DerivedRow, LivingRow, Write } from './row.ts'
import { fieldsOf, isLiving, ruleOf, writeOf } from './row.ts'
import { versionOf } from './version.ts'

/** A living row of one part, ready to read and write. */
export interface BoundRow {
  /** `<part>.<element path>`: the name of the row in the ledger, in conflicts and in messages. */
  readonly id: string
  readonly part: string
  readonly row: LivingRow
  readonly write: Write
  readonly rule: ReturnType<typeof ruleOf>
  readonly steps: readonly Step[]
  /** The row's element in a resource: compiled `readAt` and `readAllAt` of `steps`. */
  readonly read: Reader
  readonly readAll: ListReader
  readonly from: readonly string[]
  readonly type: FieldType
  readonly conversion: BoundConversion | undefined
  readonly nested: BoundNested | undefined
  /** Where in a list's element the reference, its ordinal and its further value stand. */
  readonly element: { readonly at: readonly Step[]; readonly also: BoundConversion | undefined } | undefined
}

export interface BoundNested {
  readonly nested: Nested
  readonly entity: BoundEntity
}

export interface BoundResourcePart {
  readonly kind: 'resource'
  readonly name: string
  readonly ownership: Ownership
  readonly mapping: Mapping
  readonly rows: readonly BoundRow[]
  /** The rows that lead to nested records; these are followed even when the resource itself did not change. */
  readonly leading: readonly BoundRow[]
  readonly slices: Readonly<Record<string, Pattern>>
  readonly keySystem: string
  readonly keySteps: readonly Step[]
  /** What every key of this part begins with. */
  readonly prefix: string
  /** The resource's own key as a conditional reference, or `undefined` when the record has none for it. */
  readonly keyFor: (record: unknown) => string | undefined
  /** The value of that key alone. */
  readonly idFor: (record: unknown) => string | undefined
  readonly make: MakeResource
}

export interface BoundNestedPart extends BoundNested {
  readonly kind: 'nested'
  readonly name: string
  readonly fields: readonly string[]
  readonly readFields: readonly ((record: unknown) => unknown)[]
}

export type BoundPart = BoundResourcePart | BoundNestedPart

export interface BoundEntity {
  readonly entity: AnyEntity
  readonly scope: Scope
  /** The partner's id of a record, as text; `undefined` when it has none. */
  keyOf(record: unknown): string | undefined
  /** When a record last changed at the partner, where records say so. */
  changedAt(record: unknown): string | undefined
  /** Digest of rows, conversions and code tables; every write records it. */
  readonly version: string
  readonly parts: readonly BoundPart[]
  readonly anchor: BoundResourcePart
  readonly anchorIndex: number
  /** The ids of a record's resources, one for each part (none for nested ones), or `undefined` when the record cannot be mapped. */
  readonly idsOf: (record: unknown) => readonly (string | undefined)[] | undefined
  /** Prefixes of keys that more than one part makes: the patient of a case is also the patient of its cards. */
  readonly repeated: ReadonlySet<string>
  /** How the parts are found from the anchor, by the references of their rows. */
  readonly routes: readonly Route[]
  readonly rows: ReadonlyMap<string, BoundRow>
  readonly derived: readonly DerivedRow[]
  /** Identifier systems by resource type: by which of its identifiers a resource is known to this entity. */
  readonly systems: ReadonlyMap<string, readonly string[]>
}

const bound = new WeakMap<AnyEntity, Map<string, BoundEntity>>()

/** Binds an entity to a connection; the same arguments give the same object. */
export function bind(entity: AnyEntity, scope: Scope): BoundEntity {
  const key = `${scope.connection} ${scope.serviceTimeZone ?? ''}`
  const known = bound.get(entity)?.get(key)
  if (known) return known
  const made = bindNow(entity, scope)
  const all = bound.get(entity) ?? new Map<string, BoundEntity>()
  bound.set(entity, all.set(key, made))
  return made
}

function bindNow(entity: AnyEntity, scope: Scope): BoundEntity {
  const nestedOf = (nested: Nested): BoundNested => ({ nested, entity: bind(nested.entity, scope) })
  const parts = Object.entries(entity.parts).map(
    ([name, part]): BoundPart =>
      part.kind === 'nested'
        ? { kind: 'nested', name, fields: part.fields, readFields: part.fields.map(fieldReader), ...nestedOf(part.nested) }
        : bindResource(entity, scope, name, part, nestedOf)
  )
  const resources = parts.filter((part): part is BoundResourcePart => part.kind === 'resource')
  const anchor = resources.find((part) => part.name === entity.anchor)
  if (!anchor) throw new TypeError(`${entity.name}: the anchor ${entity.anchor} is not one of its resources`)
  const systems = new Map<string, string[]>()
  const add = (type: string, system: string) => {
    const list = systems.get(type) ?? []
    if (!list.includes(system)) systems.set(type, [...list, system])
  }
  for (const part of resources) add(part.mapping.resourceType, part.keySystem)
  for (const part of parts) {
    if (part.kind === 'nested') for (const [type, list] of part.entity.systems) for (const system of list) add(type, system)
  }
  const allRows = resources.flatMap((part) => part.mapping.rows)
  return {
    entity,
    scope,
    keyOf: entity.key as (record: unknown) => string | undefined,
    changedAt: (entity.changedAt ?? (() => undefined)) as (record: unknown) => string | undefined,
    version: versionOf(entity),
    parts,
    anchor,
    anchorIndex: parts.indexOf(anchor),
    idsOf: idsOf(entity, parts),
    repeated: repeatedPrefixes(parts),
    routes: routesOf(scope, resources, anchor),
    rows: new Map(resources.flatMap((part) => part.rows.map((row) => [row.id, row] as const))),
    derived: allRows.filter((row): row is DerivedRow => row.kind === 'derived'),
    systems
  }
}

function bindResource(
  entity: AnyEntity,
  scope: Scope,
  name: string,
  part: ResourcePart,
  nestedOf: (nested: Nested) => BoundNested
): BoundResourcePart {
  const { mapping } = part
  const slices = mapping.slices(scope)
  const parse = (path: string) => parsePath(path, slices, extensionUrl(''))
  const rows = mapping.rows.filter(isLiving).map((row) => bindRow(entity, scope, name, row, parse, nestedOf))
  const keySteps = parse(mapping.key)
  const slice = keySteps.find((step) => step.kind === 'slice')
  const system = (slice?.pattern as Pattern | undefined)?.system
  if (typeof system !== 'string')
    throw new TypeError(`${entity.name}.${name}: the key ${mapping.key} is not in a slice with a system`)
  const keyRow = rows.find((row) => row.row.to === mapping.key)
  if (!keyRow) throw new TypeError(`${entity.name}.${name}: no row gives the key ${mapping.key}`)
  const { make, idFor } = compileMapping({ entity, scope, mapping, rows, parse, keyRow })
  const leading = rows.filter(({ nested }) => nested !== undefined)
  const prefix = prefixOf(mapping.resourceType, system)
  const keyFor = (record: unknown) => {
    const id = idFor(record)
    return id === undefined ? undefined : prefix + id
  }
  return {
    kind: 'resource',
    name,
    ownership: part.ownership,
    mapping,
    rows,
    leading,
    slices,
    keySystem: system,
    keySteps,
    prefix,
    make,
    keyFor,
    idFor
  }
}

const prefixes = new Map<string, string>()

/** What keys of one kind begin with; the same string each time, so that two of them are told apart without reading them. */
function prefixOf(type: string, system: string): string {
  const prefix = keyOf(type, system, '')
  const known = prefixes.get(prefix)
  if (known === undefined) prefixes.set(prefix, prefix)
  return known ?? prefix
}

function idsOf(entity: AnyEntity, parts: readonly BoundPart[]): BoundEntity['idsOf'] {
  const lacks = lackOf(entity.required)
  const needed = parts.map(({ name }) => name === entity.anchor || entity.requiredParts.includes(name))
  return (record) => {
    if (lacks(record)) return undefined
    const ids: (string | undefined)[] = []
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as BoundPart
      const id = part.kind === 'resource' ? part.idFor(record) : undefined
      if (id === undefined && needed[index]) return undefined
      ids.push(id)
    }
    return ids
  }
}

function repeatedPrefixes(parts: readonly BoundPart[]): Set<string> {
  const prefixesOf = (part: BoundPart): string[] =>
    part.kind === 'resource' ? [part.prefix] : [...new Set(part.entity.parts.flatMap(prefixesOf))]
  const all = parts.flatMap(prefixesOf)
  return new Set(all.filter((prefix, index) => all.indexOf(prefix) !== index))
}

function bindRow(
  entity: AnyEntity,
  scope: Scope,
  part: string,
  row: LivingRow,
  parse: (path: string) => Step[],
  nestedOf: (nested: Nested) => BoundNested
): BoundRow {
  const from = fieldsOf(row)
  for (const path of from) fieldType(entity.record, path)
  const steps = parse(row.to)
  return {
    id: `${part}.${row.to}`,
    part,
    row,
    write: writeOf(row),
    rule: ruleOf(row),
    steps,
    read: reader(steps),
    readAll: listReader(steps),
    from,
    type: row.kind === 'computed' ? 'any' : fieldType(entity.record, row.from),
    conversion: row.kind === 'value' ? row.conversion?.bind(scope) : undefined,
    nested: row.kind === 'nested' || row.kind === 'list' ? nestedOf(row.nested) : undefined,
    element: row.kind === 'list' ? { at: parsePath(row.at, {}, ''), also: row.also?.conversion.bind(scope) } : undefined
  }
}

/** The id part of a conditional reference: what a partner calls the record, as text. */
export const keyValue = (key: string): string => parseKey(key)?.value ?? key
