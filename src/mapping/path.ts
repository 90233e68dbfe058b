/** FHIR paths with named slices, resolved once at declaration: `identifier:case.value`, `note[0].text`, `diagnosis:medical`. */

/** What an element of a slice bears beside its mapped values; a nested array matches when it contains a match for each item. */
export type Pattern = Readonly<Record<string, unknown>>

export type Step =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'index'; readonly name: string; readonly index: number }
  | { readonly kind: 'slice'; readonly name: string; readonly slice: string; readonly pattern: Pattern }

export class PathUnknown extends Error {
  override readonly name = 'PathUnknown'
}

/**
 * Resolves a path against the slices that a mapping declares (keys are element ids such as `identifier:case`). An extension needs
 * no declaration: on a resource or data type its url is `<extensionBase><slice>`, inside another extension the slice name itself.
 */
export function parsePath(path: string, slices: Readonly<Record<string, Pattern>>, extensionBase: string): Step[] {
  let before = ''
  let insideExtension = false
  return path.split('.').map((segment) => {
    const id = before === '' ? segment : `${before}.${segment}`
    before = id
    const indexed = /^(\w+)\[(\d+)\]$/.exec(segment)
    const sliced = /^(\w+):([\w-]+)$/.exec(segment)
    const name = indexed?.[1] ?? sliced?.[1] ?? segment
    const nested = insideExtension
    insideExtension = name === 'extension'
    if (indexed) return { kind: 'index', name, index: Number(indexed[2]) }
    if (!sliced) return { kind: 'property', name }
    const slice = sliced[2] as string
    const declared = slices[id] ?? (name === 'extension' ? { url: nested ? slice : `${extensionBase}${slice}` } : undefined)
    if (!declared) throw new PathUnknown(`${path}: slice ${id} is not declared; add it to the slices of the mapping`)
    return { kind: 'slice', name, slice, pattern: declared }
  })
}

/** Whether a value bears everything that a slice's pattern asks for. Displays are only written: they differ between releases of a code system. */
export function matches(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((wanted) => value.some((item) => matches(item, wanted)))
  }
  if (pattern !== null && typeof pattern === 'object') {
    if (value === null || typeof value !== 'object') return false
    for (const key in pattern) {
      if (key !== 'display' && !matches((value as Record<string, unknown>)[key], (pattern as Record<string, unknown>)[key]))
        return false
    }
    return true
  }
  return value === pattern
}

type Node = Record<string, unknown>

/** The value at a path, or `undefined`. A path that ends in a slice gives the first element of that slice. */
export function readAt(resource: unknown, steps: readonly Step[]): unknown {
  let at: unknown = resource
  for (const step of steps) {
    if (at === null || typeof at !== 'object') return undefined
    const value: unknown = (at as Node)[step.name]
    if (step.kind === 'property') at = value
    else if (!Array.isArray(value)) return undefined
    else at = step.kind === 'index' ? value[step.index] : value.find((item) => matches(item, step.pattern))
  }
  return at
}

/** Every element of the slice (or array) at the path's last step, in the order they stand in. */
export function readAllAt(resource: unknown, steps: readonly Step[]): unknown[] {
  const last = steps[steps.length - 1] as Step
  const parent = readAt(resource, steps.slice(0, -1)) as Node | undefined
  const list = parent?.[last.name]
  if (!Array.isArray(list)) return []
  return last.kind === 'slice' ? list.filter((item) => matches(item, last.pattern)) : list
}

/**
 * Puts a value at a path of a resource that is ours to change, making containers as needed; `undefined` takes the element away,
 * and with it every container that then holds nothing but its slice's pattern.
 */
export function writeAt(resource: Node, steps: readonly Step[], value: unknown): void {
  writeFrom(resource, steps, 0, value)
}

function writeFrom(at: Node, steps: readonly Step[], depth: number, value: unknown): void {
  const step = steps[depth] as Step
  const last = depth === steps.length - 1
  if (step.kind === 'property') {
    if (last) {
      if (value === undefined) delete at[step.name]
      else at[step.name] = value
      return
    }
    const child = at[step.name]
    if (child === undefined && value === undefined) return
    const next: Node = isNode(child) ? child : {}
    writeFrom(next, steps, depth + 1, value)
    if (Object.keys(next).length === 0) delete at[step.name]
    else at[step.name] = next
    return
  }
  const list: unknown[] = Array.isArray(at[step.name]) ? (at[step.name] as unknown[]) : []
  const found =
    step.kind === 'index' ? (step.index < list.length ? step.index : -1) : list.findIndex((item) => matches(item, step.pattern))
  if (found < 0 && value === undefined) return
  const pattern: Pattern = step.kind === 'slice' ? step.pattern : {}
  if (last) {
    if (value === undefined) list.splice(found, 1)
    else {
      const item =
        isNode(value) && step.kind === 'slice' && !matches(value, pattern) ? { ...value, ...structuredClone(pattern) } : value
      if (found < 0) list.push(item)
      else list[found] = item
    }
  } else {
    const next = (found < 0 ? structuredClone(pattern) : list[found]) as Node
    writeFrom(next, steps, depth + 1, value)
    const empty = value === undefined && isOnlyPattern(next, pattern)
    if (found < 0 && !empty) list.push(next)
    if (found >= 0 && empty) list.splice(found, 1)
  }
  if (list.length === 0) delete at[step.name]
  else at[step.name] = list
}

/** Replaces all elements of the slice (or array) at the path's last step, in place of the first of them, else at the end. */
export function writeAllAt(resource: Node, steps: readonly Step[], values: readonly unknown[]): void {
  const last = steps[steps.length - 1] as Step
  const parentSteps = steps.slice(0, -1)
  const parent = (parentSteps.length === 0 ? resource : readAt(resource, parentSteps)) as Node | undefined
  const old: unknown[] = Array.isArray(parent?.[last.name]) ? (parent[last.name] as unknown[]) : []
  const isMine = (item: unknown) => last.kind !== 'slice' || matches(item, last.pattern)
  const first = old.findIndex(isMine)
  const pattern = last.kind === 'slice' ? last.pattern : {}
  const mine = values.map((value) => (matches(value, pattern) ? value : { ...(value as Node), ...structuredClone(pattern) }))
  const before = first < 0 ? old : old.slice(0, first)
  const after = first < 0 ? [] : old.slice(first).filter((item) => !isMine(item))
  const all = [...before, ...mine, ...after]
  writeFrom(resource, [...parentSteps, { kind: 'property', name: last.name }], 0, all.length === 0 ? undefined : all)
}

function isOnlyPattern(node: Node, pattern: Pattern): boolean {
  return Object.keys(node).every((key) => {
    const wanted = pattern[key]
    const value = node[key]
    return Array.isArray(wanted) && Array.isArray(value)
      ? value.length === wanted.length && matches(value, wanted)
      : matches(value, wanted) && wanted !== undefined
  })
}

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
