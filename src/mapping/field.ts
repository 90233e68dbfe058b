/** Fields of partner records by their paths: compiled to read, copied on the first change to write. */

type Node = Record<string, unknown>

/** `r?.["a"]?.["b"]` for the record path `a.b`; names come from the record's schema. */
export const readCode = (path: string): string =>
  `r${path
    .split('.')
    .map((name) => `?.[${JSON.stringify(name)}]`)
    .join('')}`

/** Reads one field, by a function of its own: the engine sees one shape there and makes it a plain load. */
export const fieldReader = (path: string): ((record: unknown) => unknown) =>
  new Function('r', `return ${readCode(path)}`) as (record: unknown) => unknown

/** Whether one of the fields is missing, null or empty, or the record is no object at all. */
export function lackOf(paths: readonly string[]): (record: unknown) => boolean {
  const tests = paths.map((path, index) => `(v${index} = ${readCode(path)}) === undefined || v${index} === null || v${index} === ''`)
  const names = paths.map((_, index) => `v${index}`)
  const declared = names.length > 0 ? `let ${names.join(', ')};` : ''
  const noObject = "r === null || typeof r !== 'object' || Array.isArray(r)"
  return new Function('r', `${declared} return ${[noObject, ...tests].join(' || ')}`) as (record: unknown) => boolean
}

export function fieldAt(record: unknown, path: string): unknown {
  if (!path.includes('.')) return (record as Node | null | undefined)?.[path]
  let at: unknown = record
  for (const name of path.split('.')) at = (at as Node | null | undefined)?.[name]
  return at
}

/** A record that is being changed: the base itself until the first change, then one copy that shares what did not change. */
export class Draft {
  record: Node
  readonly #base: Node | undefined

  constructor(base: Node | undefined) {
    this.#base = base
    this.record = base ?? {}
  }

  get changed(): boolean {
    return this.record !== this.#base
  }

  /** Sets a field; `undefined` leaves the key out. */
  set(path: string, value: unknown): void {
    const dot = path.indexOf('.')
    if (dot < 0) this.#put(path, value)
    else {
      const name = path.slice(0, dot)
      this.#put(name, put((this.record[name] as Node | null | undefined) ?? {}, path.slice(dot + 1), value))
    }
  }

  #put(name: string, value: unknown): void {
    if (value === undefined && !(name in this.record)) return
    if (this.record === this.#base) this.record = { ...this.#base }
    if (value === undefined) delete this.record[name]
    else this.record[name] = value
  }
}

/** A copy with one field changed; the rest is shared. */
export function put(record: Node, path: string, value: unknown): Node {
  const draft = new Draft(record)
  draft.set(path, value)
  return draft.record
}
