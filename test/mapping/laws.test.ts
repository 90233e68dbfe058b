/** The laws of every mapping, on records made from its schema. One body for all: a new entity is under them by existing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BoundEntity,
  type BoundRow,
  bind,
  canonicalJson,
  equal,
  type Piece,
  poolOfPieces,
  readAllAt,
  readAt,
  sameForPartner,
  toFhir,
  toPartner
} from '#mapping'
import { arbitraryRecord } from '../support/arbitrary-record.ts'
import { entities } from '../support/entities.ts'

const seed = Number(process.env.LIGATURE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env.LIGATURE_RUNS ?? 1000)
console.info(`mapping laws: seed ${seed} (LIGATURE_SEED), ${runs} records for each mapping (LIGATURE_RUNS)`)

const check = (property: fc.IProperty<[unknown]> | fc.IProperty<[unknown, unknown]>) =>
  fc.assert(property as fc.IProperty<unknown>, { seed, numRuns: runs })
const anchorOf = (bound: BoundEntity, record: unknown) => bound.anchor.keyFor(record) as string

/** Whether a record can be mapped at all. */
const usable = (bound: BoundEntity, record: unknown) => toFhir(bound, record).pieces.length > 0

/** The rows that the partner may be sent at any time, with their elements. */
function writable(pieces: readonly Piece[]): Map<string, [BoundRow, unknown]> {
  const found = new Map<string, [BoundRow, unknown]>()
  for (const piece of pieces) {
    for (const row of piece.part.rows) {
      if (row.write !== 'always') continue
      const value = row.row.kind === 'list' ? listOf(piece, row) : readAt(piece.resource, row.steps)
      found.set(`${piece.key} ${row.row.to}`, [row, value])
    }
  }
  return found
}

/** Whether every id inside a record means one thing: what a second, different copy says is a residual, which only the first law covers. */
function consistent(bound: BoundEntity, record: unknown): boolean {
  const seen = new Map<string, string>()
  return everyNested(bound, record, (key, nested) => {
    const text = canonicalJson(nested)
    const before = seen.get(key)
    seen.set(key, text)
    return before === undefined || before === text
  })
}

function everyNested(bound: BoundEntity, record: unknown, ok: (key: string, nested: unknown) => boolean): boolean {
  return bound.parts.every((part) => {
    if (part.kind !== 'nested') return true
    const wrap = part.nested.wrap as (item: unknown, around: unknown) => unknown
    const items = part.fields.flatMap(
      (field) => field.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | null)?.[name], record) ?? []
    )
    return items.every((item) => {
      if (item === null || typeof item !== 'object') return true
      const nested = wrap(item, record)
      const key = part.entity.anchor.keyFor(nested)
      return (key === undefined || ok(key, nested)) && everyNested(part.entity, nested, ok)
    })
  })
}

function listOf(piece: Piece, row: BoundRow): unknown {
  const all = readAllAt(piece.resource, row.steps)
  return all.length > 0 ? all : undefined
}

describe.each(entities.map((entity) => [`${entity.partner}/${entity.name}`, entity] as const))('%s', (_, entity) => {
  const bound = bind(entity, { connection: entity.partner, serviceTimeZone: 'UTC' })
  const record = arbitraryRecord(entity.record)

  test('there and back gives the same record, whatever it holds', () => {
    check(
      fc.property(record, (source) => {
        fc.pre(usable(bound, source))
        const { pieces } = toFhir(bound, source, { deep: true })
        const back = toPartner(bound, poolOfPieces(pieces), anchorOf(bound, source), { base: source, deep: true })
        expect(back.record).toEqual(source)
        expect(back.record).toBe(source)
      })
    )
  })

  test('what FHIR says is what the partner is given, and comes back', () => {
    check(
      fc.property(record, record, (base, edited) => {
        const sameRecord = { ...(edited as object), ...identity(entity, bound, base) }
        fc.pre(
          usable(bound, base) &&
            usable(bound, sameRecord) &&
            consistent(bound, base) &&
            consistent(bound, sameRecord) &&
            anchorOf(bound, base) === anchorOf(bound, sameRecord)
        )
        const wanted = toFhir(bound, sameRecord, { deep: true }).pieces
        const given = toPartner(bound, poolOfPieces(wanted), anchorOf(bound, base), { base, deep: true })
        const shown = writable(toFhir(bound, given.record, { deep: true }).pieces)
        for (const [place, [row, value]] of writable(wanted)) {
          const now = shown.get(place)?.[1]
          // a value that only another field made unreadable is kept, and shows again once that field is mended
          const resurfaced = value === undefined && row.row.kind === 'value' && row.row.options.given !== undefined
          if (!resurfaced && !equal(now, value) && !sameForPartner(row, now, value))
            expect({ place, value: now }).toEqual({ place, value })
        }
      })
    )
  })

  test('after one full trip nothing changes again', () => {
    check(
      fc.property(record, (source) => {
        fc.pre(usable(bound, source))
        const trip = (pieces: readonly Piece[]) => {
          const fresh = toPartner(bound, poolOfPieces(pieces), anchorOf(bound, source), { deep: true }).record
          return toFhir(bound, fresh, { deep: true }).pieces
        }
        const first = toFhir(bound, source, { deep: true }).pieces
        const second = trip(first)
        fc.pre(second.length > 0)
        const third = trip(second)
        expect(third.map((piece) => piece.resource)).toEqual(second.map((piece) => piece.resource))
      })
    )
  })
})

/** The fields that make an edited record the same record as the base: the generator is free in everything else. */
function identity(entity: (typeof entities)[number], bound: BoundEntity, base: unknown): object {
  const fields = new Set([
    ...entity.required,
    ...bound.anchor.rows.filter((row) => row.row.to === bound.anchor.mapping.key).flatMap((row) => row.from)
  ])
  const source = base as Record<string, unknown>
  return Object.fromEntries(
    [...fields]
      .map((path) => path.split('.')[0] as string)
      .filter((name) => name in source)
      .map((name) => [name, source[name]])
  )
}
