/** The value of one row in a resource, in a form in which base, partner and hub can be compared, and how it is put back. */
import type { Resource } from '@medplum/fhirtypes'
import { type BoundRow, inOrder, readAllAt, readAt, writeAllAt, writeAt } from '#mapping'

type Node = Record<string, unknown>

/** An element of a list row: what it refers to, and what else of it is mapped. */
export interface ListItem {
  readonly key: string
  readonly also?: unknown
}

/** Reads a row of a resource whose references are keys. A list is its items in order; an absent element is `undefined`. */
export function rowValue(bound: BoundRow, resource: Resource | undefined): unknown {
  if (resource === undefined) return undefined
  const { row } = bound
  if (row.kind !== 'list') return readAt(resource, bound.steps)
  const items = inOrder(readAllAt(resource, bound.steps), row).flatMap((element): ListItem[] => {
    const key = (element[row.at] as { reference?: string } | undefined)?.reference
    if (key === undefined) return []
    const also = row.also ? element[row.also.to] : undefined
    return [also === undefined ? { key } : { key, also }]
  })
  return items.length > 0 ? items : undefined
}

/** How references are called in the resource that a row is put into. */
export interface Naming {
  /** The key of a reference as it stands in the resource. */
  keyOf(reference: string): string
  /** The reference to write for a key. */
  referenceTo(key: string): string
}

/** In what a mapping made, keys are the references. */
export const byKey: Naming = { keyOf: (reference) => reference, referenceTo: (key) => key }

/** Puts a row's value into a resource that is ours to change. What else an EHR wrote into a list's elements stays. */
export function putRowValue(bound: BoundRow, resource: Resource, value: unknown, naming: Naming): void {
  const { row } = bound
  const node = resource as unknown as Node
  if (row.kind !== 'list') {
    writeAt(node, bound.steps, withReferences(value, naming))
    return
  }
  const present = new Map<string, Node>()
  for (const element of inOrder(readAllAt(resource, bound.steps), row)) {
    const reference = (element[row.at] as { reference?: string } | undefined)?.reference
    if (reference !== undefined) present.set(naming.keyOf(reference), element)
  }
  const elements = ((value ?? []) as readonly ListItem[]).map(({ key, also }, index) => {
    const element: Node = { ...(present.get(key) ?? { [row.at]: { reference: naming.referenceTo(key) } }) }
    if (row.ordinal) element[row.ordinal] = index + 1
    if (row.also) {
      if (also === undefined) delete element[row.also.to]
      else element[row.also.to] = also
    }
    return element
  })
  writeAllAt(node, bound.steps, elements)
}

/** A copy of a value in which every reference is named as the resource around it needs. */
export function withReferences(value: unknown, naming: Naming): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, naming))
  if (value === null || typeof value !== 'object') return value
  const copy: Node = {}
  for (const [name, inner] of Object.entries(value)) {
    copy[name] = name === 'reference' && typeof inner === 'string' ? naming.referenceTo(inner) : withReferences(inner, naming)
  }
  return copy
}

/** Every reference in a value, as it stands there. */
export function referencesIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(value)) for (const item of value) referencesIn(item, found)
  else if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'reference' && typeof inner === 'string') found.add(inner)
      else if (typeof inner === 'object') referencesIn(inner, found)
    }
  }
  return found
}
