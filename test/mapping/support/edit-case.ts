/** A documented case that someone edits in FHIR. */
import { readFileSync } from 'node:fs'
import type { Resource } from '@medplum/fhirtypes'
import { bind, type Issue, type Piece, poolOfPieces, toFhir, toPartner } from '#mapping'
import { spryCase } from '../../../mappings/spry/case.ts'

export type Json = Record<string, unknown>

export const spry = bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' })

const documented = readFileSync(new URL('../../../mappings/spry/examples/case.source.json', import.meta.url), 'utf8')

/** The documented case with other values in some fields; `undefined` leaves a field out. */
export function caseWith(fields: Json = {}): Json {
  return JSON.parse(JSON.stringify({ ...(JSON.parse(documented) as Json), ...fields })) as Json
}

export const knucklePads = { id: 9676, code: 'M72.1', description: 'Knuckle pads', revision: 'ICD10' }
export const shoulderPain = { id: 311, code: 'M25.511', description: 'Pain in right shoulder', revision: 'ICD10' }
export const backPain = { id: 4402, code: 'M54.50', description: 'Low back pain, unspecified', revision: 'ICD10' }

export interface Given {
  readonly pieces: readonly Piece[]
  readonly issues: readonly Issue[]
  at(place: string): Json
}

/** The resources of a record, as copies that may be edited. */
export function mapped(record: Json): Given {
  const { pieces, issues } = toFhir(spry, record, { deep: true })
  const copies = pieces.map((piece) => ({ ...piece, resource: structuredClone(piece.resource) }))
  return {
    pieces: copies,
    issues,
    at(place) {
      const piece = copies.find((one) => one.place === place)
      if (!piece) throw new Error(`no ${place} among ${copies.map((one) => one.place).join(', ')}`)
      return piece.resource as unknown as Json
    }
  }
}

/** What the partner is given after an edit, and what could not be told. */
export function afterEdit(record: Json, edit: (given: Given) => void, more: readonly Piece[] = []) {
  const given = mapped(record)
  edit(given)
  const key = spry.anchor.keyFor(record) as string
  return toPartner(spry, poolOfPieces([...given.pieces, ...more]), key, { base: record, deep: true })
}

/** What a case becomes and comes back as. */
export function thereAndBack(record: Json): Json {
  return afterEdit(record, () => {}).record
}

export const resourceOf = (record: Json, place: string): Resource => mapped(record).at(place) as unknown as Resource
