import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, type BoundResourcePart, type BoundRow, readAllAt, readAt } from '#mapping'

/** One element of a resource, and why it is there. */
export interface ExplainedElement {
  readonly element: string
  readonly kind: 'row' | 'constant' | 'not ours'
  readonly from: readonly string[]
  readonly how: string
  readonly row: string | null
}

/** The elements that a resource has, each with the row of the mapping that speaks for it. */
export function explainElements(resource: Resource, bound: BoundEntity | undefined, place: string): ExplainedElement[] {
  const part = bound && partAt(bound, place)
  const type = resource.resourceType
  const rows = (part?.rows ?? []).filter((row) => hasValue(resource, row)).map((row) => ofRow(type, row))
  const constants = (part?.mapping.rows ?? []).flatMap((row) => (row.kind === 'fixed' ? [constant(type, row.to)] : []))
  const ours = new Set([...rows, ...constants].map(({ element }) => topOf(element)))
  const others = Object.keys(resource)
    .filter((name) => !ours.has(`${type}.${name}`) && !byTheHub.has(name))
    .map(
      (name): ExplainedElement => ({
        element: `${type}.${name}`,
        kind: 'not ours',
        from: [],
        how: 'not ours: from the FHIR side',
        row: null
      })
    )
  return [...rows, ...constants, ...others]
}

/** What the hub itself gives every resource. */
const byTheHub = new Set(['resourceType', 'id', 'meta'])

/** `diagnoses[<key>].condition` is the part `condition` of the entity inside `diagnoses`. */
function partAt(bound: BoundEntity, place: string): BoundResourcePart | undefined {
  const [, name = '', , rest] = /^([^[]+?)(\[.*\])\.(.+)$/.exec(place) ?? [undefined, place]
  for (const part of bound.parts) {
    if (part.name !== name) continue
    if (part.kind === 'resource') return part
    if (rest !== undefined) return partAt(part.entity, rest)
  }
  return undefined
}

function ofRow(type: string, { row, from, id }: BoundRow): ExplainedElement {
  const how =
    row.kind === 'value'
      ? (row.conversion?.name ?? 'as it is')
      : row.kind === 'computed'
        ? row.name
        : `reference to ${row.nested.entity.name}`
  return { element: `${type}.${row.to}`, kind: 'row', from, how, row: id }
}

const constant = (type: string, to: string): ExplainedElement => ({
  element: `${type}.${to}`,
  kind: 'constant',
  from: [],
  how: 'constant',
  row: null
})

const hasValue = (resource: Resource, { row, steps }: BoundRow): boolean =>
  row.kind === 'list' ? readAllAt(resource, steps).length > 0 : readAt(resource, steps) !== undefined

const topOf = (element: string): string => element.split(/[.[:]/, 2).join('.')
