/** A partner record becomes resources. Pure: no clock, no network, no ledger. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundNestedPart, BoundPart, BoundResourcePart } from './bind.ts'
import type { Ownership } from './entity.ts'
import { fieldAt } from './field.ts'
import type { Issue } from './issue.ts'
import { PieceIndex } from './piece-index.ts'

/** One resource that a record became, and its place in the record. */
export interface Piece {
  /** `<part>`, or `<part>[<key value of the nested record>].<part of the nested entity>`. */
  readonly place: string
  readonly part: BoundResourcePart
  readonly entity: BoundEntity
  /** The resource's key: a conditional reference. References between pieces are such keys. */
  readonly key: string
  /** The value of the key alone. */
  readonly id: string
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
    message
  })
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return problem(bound.entity.name, 'is not a record')
  for (const path of bound.entity.required) {
    const at = fieldAt(record, path)
    if (at === undefined || at === null || at === '')
      return problem(path, 'is missing, and without it the record cannot be mapped')
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
  const ids = bound.idsOf(record)
  if (ids === undefined) return { pieces: [], issues: [missingField(bound, record) as Issue] }
  const run = new Run(options.deep ?? false)
  run.add(bound, record, ids, '')
  return { pieces: run.pieces, issues: run.issues }
}

type Known = Pick<Piece, 'part' | 'id'>

/** One call of `toFhir`. */
class Run {
  readonly pieces: Piece[] = []
  readonly issues: Issue[] = []
  readonly #deep: boolean
  /** What may come again: the same physician in two fields is one resource. */
  readonly #known = new PieceIndex<Known>([])

  constructor(deep: boolean) {
    this.#deep = deep
  }

  add(entity: BoundEntity, record: unknown, ids: readonly (string | undefined)[], before: string): void {
    const { parts } = entity
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as BoundPart
      if (part.kind === 'nested') {
        if (this.#deep || !part.nested.own) this.#addNested(part, record, before)
        continue
      }
      const id = ids[index]
      if (id === undefined) continue
      if (before !== '' || entity.repeated.has(part.prefix)) {
        if (this.#known.find(part.prefix, id)) continue
        this.#known.add({ part, id })
      }
      const resource = part.make(record, this.issues)
      this.pieces.push({
        place: before + part.name,
        part,
        entity,
        key: part.prefix + id,
        id,
        ownership: part.ownership,
        resource
      })
    }
  }

  #addNested(part: BoundNestedPart, around: unknown, before: string): void {
    const { entity } = part
    eachNested(part, around, (record) => {
      const ids = entity.idsOf(record)
      const id = ids?.[entity.anchorIndex]
      if (ids === undefined || id === undefined || this.#known.find(entity.anchor.prefix, id)) return
      this.add(entity, record, ids, `${before}${part.name}[${id}].`)
    })
  }
}

function eachNested(part: BoundNestedPart, around: unknown, use: (record: unknown) => void): void {
  const wrap = part.nested.wrap as (item: unknown, around: unknown) => unknown
  for (const read of part.readFields) {
    const value = read(around)
    if (value === undefined || value === null) continue
    if (!Array.isArray(value)) {
      if (typeof value === 'object') use(wrap(value, around))
      continue
    }
    for (const item of value) if (item !== null && typeof item === 'object') use(wrap(item, around))
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
