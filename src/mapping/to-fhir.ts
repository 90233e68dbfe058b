/** A partner record becomes resources. Pure: no clock, no network, no ledger. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundNestedPart, BoundResourcePart } from './bind.ts'
import type { Ownership } from './entity.ts'
import type { Issue } from './issue.ts'

/** One resource that a record became, and its place in the record. */
export interface Piece {
  /** `<part>`, or `<part>[<key value of the nested record>].<part of the nested entity>`. */
  readonly place: string
  readonly part: BoundResourcePart
  readonly entity: BoundEntity
  /** The resource's key: a conditional reference. References between pieces are such keys. */
  readonly key: string
  readonly ownership: Ownership
  readonly resource: Resource
}

export interface Mapped {
  readonly pieces: readonly Piece[]
  readonly issues: readonly Issue[]
}

/** A nested record that has a link of its own. */
export interface NestedRecord {
  readonly entity: BoundEntity
  readonly record: unknown
}

/** The first required field that a record lacks, as an issue; such a record is not mapped at all. */
export function missingField(bound: BoundEntity, record: unknown): Issue | undefined {
  const problem = (from: string, message: string): Issue => ({
    from,
    to: bound.anchor.mapping.resourceType,
    code: 'invalid-content',
    message,
  })
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return problem(bound.entity.name, 'is not a record')
  for (const path of bound.entity.required) {
    let at: unknown = record
    for (const name of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[name]
    if (at === undefined || at === null || at === '') return problem(path, 'is missing, and without it the record cannot be mapped')
  }
  for (const part of bound.parts) {
    if (part.kind !== 'resource' || !bound.entity.requiredParts.includes(part.name) || part.keyFor(record) !== undefined) continue
    return problem(part.name, 'has no usable id, and without it the record cannot be mapped')
  }
  if (bound.anchor.keyFor(record) === undefined) return problem(bound.anchor.mapping.key, 'the record has no usable id')
  return undefined
}

/**
 * Maps a record to its resources, in the order of the entity's parts. With `deep` also the resources of nested records that have
 * links of their own; without, only references to them.
 */
export function toFhir(bound: BoundEntity, record: unknown, options: { readonly deep?: boolean } = {}): Mapped {
  const missing = missingField(bound, record)
  if (missing) return { pieces: [], issues: [missing] }
  const pieces: Piece[] = []
  const issues: Issue[] = []
  addPieces(bound, record, options.deep ?? false, '', new Set(), pieces, issues)
  return { pieces, issues }
}

function addPieces(
  bound: BoundEntity,
  record: unknown,
  deep: boolean,
  before: string,
  seen: Set<string>,
  pieces: Piece[],
  issues: Issue[],
): void {
  for (const part of bound.parts) {
    if (part.kind === 'nested') {
      if (deep || !part.nested.own) addNested(part, record, deep, before, seen, pieces, issues)
      continue
    }
    const key = part.keyFor(record)
    if (key === undefined || seen.has(key)) continue
    seen.add(key)
    const resource = part.make(record, issues)
    pieces.push({ place: before + part.name, part, entity: bound, key, ownership: part.ownership, resource })
  }
}

function addNested(
  part: BoundNestedPart,
  around: unknown,
  deep: boolean,
  before: string,
  seen: Set<string>,
  pieces: Piece[],
  issues: Issue[],
): void {
  eachNested(part, around, (record) => {
    const key = part.entity.anchor.keyFor(record)
    if (key === undefined || seen.has(key) || missingField(part.entity, record)) return
    const bar = key.indexOf('|')
    addPieces(part.entity, record, deep, `${before}${part.name}[${key.slice(bar + 1)}].`, seen, pieces, issues)
  })
}

function eachNested(part: BoundNestedPart, around: unknown, use: (record: unknown) => void): void {
  const { wrap } = part.nested
  for (const field of part.fields) {
    let value: unknown = around
    for (const name of field.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name]
    if (value === undefined || value === null) continue
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === null || typeof item !== 'object') continue
      use((wrap as (item: unknown, around: unknown) => unknown)(item, around))
    }
  }
}

/** The nested records that have links of their own, at every depth, each once per key. */
export function nestedRecords(bound: BoundEntity, record: unknown): NestedRecord[] {
  const found: NestedRecord[] = []
  const seen = new Set<string>()
  const visit = (entity: BoundEntity, around: unknown) => {
    for (const part of entity.parts) {
      if (part.kind !== 'nested') continue
      eachNested(part, around, (inner) => {
        const key = part.entity.anchor.keyFor(inner)
        if (key === undefined || seen.has(key)) return
        seen.add(key)
        if (part.nested.own) found.push({ entity: part.entity, record: without(inner, part.nested.without) })
        visit(part.entity, inner)
      })
    }
  }
  visit(bound, record)
  return found
}

/** The nested record without the fields that belong to the record around it. */
function without(record: unknown, fields: readonly string[]): unknown {
  if (fields.length === 0) return record
  const copy: Record<string, unknown> = { ...(record as Record<string, unknown>) }
  for (const [name, value] of Object.entries(copy)) {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      const inner = { ...(value as Record<string, unknown>) }
      for (const field of fields) delete inner[field]
      copy[name] = inner
    }
  }
  for (const field of fields) delete copy[field]
  return copy
}
