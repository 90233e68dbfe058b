/** Elements that refer to nested records. */
import type { BoundRow } from './bind.ts'
import { Unreadable } from './conversion.ts'
import type { Issue } from './issue.ts'
import type { ListRow, NestedRow } from './row.ts'

type Node = Record<string, unknown>

/** The nested record of an item, as its own entity reads it; `undefined` when the item is not an object. */
export function wrapItem(bound: BoundRow, item: unknown, around: unknown): unknown {
  return bound.nested && item !== null && typeof item === 'object' && !Array.isArray(item)
    ? (bound.nested.nested.wrap as (item: unknown, around: unknown) => unknown)(item, around)
    : undefined
}

/** The key of an item's own resource, or `undefined` when the item has no id. */
export function itemKey(bound: BoundRow, item: unknown, around: unknown): string | undefined {
  const record = wrapItem(bound, item, around)
  return record === undefined ? undefined : bound.nested?.entity.anchor.keyFor(record)
}

/** Makes the reference to a nested record's resource. */
export function nestedReference(bound: BoundRow) {
  const { fallback } = bound.row as NestedRow
  return (item: unknown, around: unknown): unknown => {
    if (item === undefined || item === null) return fallback?.toFhir(item)
    const key = itemKey(bound, item, around)
    if (key !== undefined) return { reference: key }
    return new Unreadable('has no id, so nothing can refer to it', 'missing-reference', fallback?.toFhir(item))
  }
}

/** Makes the elements for a list of nested records; the same id twice in one list is one element. */
export function listElements(bound: BoundRow, pattern: Readonly<Node> | undefined, problem: (unreadable: Unreadable) => Issue) {
  const { at, ordinal, also } = bound.row as ListRow
  const alsoToFhir = bound.element?.also
  return (list: unknown, around: unknown, issues: Issue[]): Node[] | undefined => {
    if (list === undefined || list === null) return undefined
    if (!Array.isArray(list)) {
      issues.push(problem(new Unreadable('is not a list')))
      return undefined
    }
    if (list.length === 0) return undefined
    const elements: Node[] = []
    const seen = list.length > 1 ? new Set<string>() : undefined
    for (const item of list) {
      const key = itemKey(bound, item, around)
      if (key === undefined) {
        issues.push(problem(new Unreadable('an item has no id and is left with the partner')))
        continue
      }
      if (seen?.has(key)) continue
      seen?.add(key)
      const element: Node = { [at]: { reference: key } }
      if (ordinal) element[ordinal] = elements.length + 1
      if (also && alsoToFhir) {
        const raw = (item as Node)[also.from]
        const value = raw === undefined || raw === null || raw === '' ? undefined : alsoToFhir.toFhir(raw)
        if (value instanceof Unreadable) issues.push(problem(value))
        else if (value !== undefined) element[also.to] = value
      }
      if (pattern) Object.assign(element, pattern)
      elements.push(element)
    }
    return elements.length > 0 ? elements : undefined
  }
}

/** Elements in the order of their ordinals; those without one come last, as they stand. */
export function inOrder(elements: readonly unknown[], row: ListRow): Node[] {
  const { ordinal } = row
  const list = elements as Node[]
  if (!ordinal || list.length < 2) return [...list]
  const place = (element: Node) => (typeof element[ordinal] === 'number' ? (element[ordinal] as number) : Number.MAX_SAFE_INTEGER)
  return [...list].sort((a, b) => place(a) - place(b))
}
