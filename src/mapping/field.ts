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
  const tests = paths.map(
    (path, index) => `(v${index} = ${readCode(path)}) === undefined || v${index} === null || v${index} === ''`
  )
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

type Write = (record: Node, value: unknown) => void

const writers = new Map<string, Write>()

/** Writes one property, by a function of its own: the engine then knows the shape before and after. */
function writerOf(name: string): Write {
  const known = writers.get(name)
  if (known) return known
  const made = new Function('r', 'v', `r[${JSON.stringify(name)}] = v`) as Write
  writers.set(name, made)
  return made
}

/** A record that is being changed: the base itself until the first change, then one copy that shares what did not change. */
export class Draft {
  record: Node
  readonly #base: Node | undefined
  /** Objects inside the record that are copies already. */
  #own: Set<unknown> | undefined

  constructor(base: Node | undefined) {
    this.#base = base
    this.record = base ?? {}
  }

  get changed(): boolean {
    return this.record !== this.#base
  }

  /** Sets a field; `undefined` leaves the key out. */
  set(path: string, value: unknown): void {
    if (!path.includes('.')) {
      if (value === undefined && !(path in this.record)) return
      if (this.record === this.#base) this.record = { ...this.#base }
      put(this.record, path, value)
      return
    }
    const names = path.split('.')
    const last = names.pop() as string
    if (value === undefined && !hasField(this.record, names, last)) return
    if (this.record === this.#base) this.record = { ...this.#base }
    let at = this.record
    for (const name of names) {
      if (!this.#own?.has(at[name])) {
        at[name] = { ...(at[name] as Node | null | undefined) }
        this.#own = (this.#own ?? new Set()).add(at[name])
      }
      at = at[name] as Node
    }
    put(at, last, value)
  }
}

function hasField(record: Node, names: readonly string[], last: string): boolean {
  const inner = names.reduce<unknown>((at, name) => (at as Node | null | undefined)?.[name], record)
  return inner !== null && typeof inner === 'object' && last in inner
}

function put(record: Node, name: string, value: unknown): void {
  if (value === undefined) delete record[name]
  else writerOf(name)(record, value)
}

/** A copy with one field changed; the rest is shared. */
export function withField(record: Node, path: string, value: unknown): Node {
  const draft = new Draft(record)
  draft.set(path, value)
  return draft.record
}
