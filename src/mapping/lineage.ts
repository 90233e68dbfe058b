/** Where each value of a resource came from, and what hangs on a partner field: read from the rows, so it cannot be out of date. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundResourcePart, BoundRow } from './bind.ts'
import { extensionUrl } from './conversion.ts'
import type { AnyEntity } from './entity.ts'
import { howOf } from './how.ts'
import { matches, parsePath, type Step } from './path.ts'
import { fieldsOf, isLiving, type Write, writeOf } from './row.ts'

/** A value of a resource, and the line of the mapping that speaks for it. */
export interface ElementLineage {
  /** Where the value stands, as `identifier[0].value`. */
  readonly element: string
  readonly origin: 'row' | 'constant' | 'not ours'
  /** The row's name in the ledger and in conflicts. */
  readonly row?: string
  readonly from: readonly string[]
  /** The conversion's name, `constant`, or `not ours`. */
  readonly how: string
}

/** The lineage of every value in a resource of one part. `partName` may be a place: `cards[7].coverage`. */
export function lineageOf(bound: BoundEntity, partName: string, resource: Resource): ElementLineage[] {
  const part = partAt(bound, partName)
  if (!part) throw new TypeError(`${bound.entity.name} has no resource part ${partName}`)
  const sources = sourcesOf(part)
  const found: ElementLineage[] = []
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, [...path, index])
    else if (value !== null && typeof value === 'object')
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name])
    else found.push({ element: written(path), ...originOf(part, sources, resource, path) })
  }
  visit(resource, [])
  return found
}

/** An element that depends on a partner field. */
export interface Dependent {
  readonly row: string
  /** With its resource type, as `Condition.code.text`. */
  readonly element: string
  readonly how: string
  readonly write: Write
}

/** The elements that change when a partner field does, in the entity and in what is nested there. */
export function impactOf(entity: AnyEntity, field: string): Dependent[] {
  const touches = (path: string) => path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)
  return Object.entries(entity.parts).flatMap(([name, part]) => {
    if (part.kind === 'nested') return []
    return part.mapping.rows.filter(isLiving).flatMap((row): Dependent[] => {
      const given =
        row.kind === 'computed' ? [] : [...(row.options.given ?? []), ...(row.options.alias ? [row.options.alias] : [])]
      if (![...fieldsOf(row), ...given].some(touches)) return []
      return [
        { row: `${name}.${row.to}`, element: `${part.mapping.resourceType}.${row.to}`, how: howOf(row), write: writeOf(row) }
      ]
    })
  })
}

/** `cards[7].payer[3].organization` is the part `organization` of the entity that is nested twice. */
function partAt(bound: BoundEntity, place: string): BoundResourcePart | undefined {
  const open = place.indexOf('[')
  const part = bound.parts.find(({ name }) => name === (open < 0 ? place : place.slice(0, open)))
  if (part?.kind === 'resource') return open < 0 ? part : undefined
  if (!part || open < 0) return undefined
  // an id may hold brackets and dots itself, so the first end of it that leads on is the one
  for (let end = place.indexOf('].', open); end >= 0; end = place.indexOf('].', end + 1)) {
    const found = partAt(part.entity, place.slice(end + 2))
    if (found) return found
  }
  return undefined
}

interface Source {
  readonly steps: readonly Step[]
  readonly row: BoundRow | undefined
}

function sourcesOf(part: BoundResourcePart): Source[] {
  const slices = part.slices
  const constants = part.mapping.rows.flatMap((row) =>
    row.kind === 'fixed' ? [{ steps: parsePath(row.to, slices, extensionUrl('')), row: undefined }] : []
  )
  return [...part.rows.map((row) => ({ steps: row.steps, row })), ...constants]
}

function originOf(
  part: BoundResourcePart,
  sources: readonly Source[],
  resource: Resource,
  path: readonly (string | number)[]
): Omit<ElementLineage, 'element'> {
  const ours = sources.find(
    ({ steps, row }) => covers(steps, resource, path) && (row?.row.kind !== 'list' || ofList(row, steps, path))
  )
  if (ours?.row) return { origin: 'row', row: ours.row.id, from: ours.row.from, how: howOf(ours.row.row) }
  if (ours || path[0] === 'resourceType' || isMeta(part, path) || inPattern(sources, resource, path))
    return { origin: 'constant', from: [], how: 'constant' }
  return { origin: 'not ours', from: [], how: 'not ours' }
}

/** Whether a path is the element that the steps lead to, or inside it. */
function covers(steps: readonly Step[], resource: unknown, path: readonly (string | number)[]): boolean {
  const depth = walk(steps, resource, path)
  return depth === steps.length
}

/** How many of the steps a path follows. */
function walk(steps: readonly Step[], resource: unknown, path: readonly (string | number)[]): number {
  let at = resource
  let index = 0
  for (const [depth, step] of steps.entries()) {
    if (path[index] !== step.name) return depth
    at = (at as Record<string, unknown>)[step.name]
    index++
    if (step.kind === 'property') continue
    const place = path[index]
    const item: unknown = Array.isArray(at) && typeof place === 'number' ? at[place] : undefined
    if (step.kind === 'index' ? place !== step.index : !matches(item, step.pattern)) return depth
    at = item
    index++
  }
  return steps.length
}

/** Of a list's elements only the reference, the ordinal and the further value are the row's. */
function ofList(row: BoundRow, steps: readonly Step[], path: readonly (string | number)[]): boolean {
  if (row.row.kind !== 'list') return true
  const { at, ordinal, also } = row.row
  const rest = path.slice(lengthOf(steps)).filter((one) => typeof one === 'string')
  return rest[0] === at || rest[0] === ordinal || rest[0] === also?.to
}

/** How much of a path the steps take: a name, and a place in a list. */
const lengthOf = (steps: readonly Step[]): number => steps.reduce((length, { kind }) => length + (kind === 'property' ? 1 : 2), 0)

const isMeta = (part: BoundResourcePart, path: readonly (string | number)[]): boolean =>
  path[0] === 'meta' && (path[1] === 'source' || (path[1] === 'profile' && part.mapping.profiles.length > 0))

/** Whether a value is what a slice of ours bears beside its mapped values. */
function inPattern(sources: readonly Source[], resource: Resource, path: readonly (string | number)[]): boolean {
  return sources.some(({ steps }) =>
    steps.some((step, depth) => {
      if (step.kind !== 'slice') return false
      const upTo = steps.slice(0, depth + 1)
      if (walk(upTo, resource, path) !== upTo.length) return false
      const rest = path.slice(lengthOf(upTo))
      return rest.length > 0 && patternHas(step.pattern, rest)
    })
  )
}

function patternHas(pattern: unknown, rest: readonly (string | number)[]): boolean {
  const [next, ...others] = rest
  if (next === undefined) return true
  if (Array.isArray(pattern)) return pattern.some((item) => patternHas(item, others))
  return (
    pattern !== null &&
    typeof pattern === 'object' &&
    next in pattern &&
    patternHas((pattern as Record<string | number, unknown>)[next], others)
  )
}

const written = (path: readonly (string | number)[]): string =>
  path.map((one, index) => (typeof one === 'number' ? `[${one}]` : index === 0 ? one : `.${one}`)).join('')
