/**
 * Compiles a mapping's rows into one function that builds the resource: straight-line code over plain property reads, several times
 * faster than walking rows and paths for every record. Only paths and names from declarations become code, never data.
 */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundRow } from './bind.ts'
import { partnerUrl, readText, type Scope, Unreadable } from './conversion.ts'
import type { AnyEntity } from './entity.ts'
import { readCode as read } from './field.ts'
import type { Issue } from './issue.ts'
import { listElements, nestedReference } from './list.ts'
import type { Mapping } from './mapping.ts'
import type { Step } from './path.ts'

/** Builds the resource of one part; values that cannot be read become issues. */
export type MakeResource = (record: unknown, issues: Issue[]) => Resource

type Emit =
  | { kind: 'object'; children: Map<string, Emit> }
  | { kind: 'array'; items: Map<string, Emit> }
  | { kind: 'row'; row: BoundRow; pattern: Readonly<Record<string, unknown>> | undefined }
  | { kind: 'constant'; value: unknown }

interface Input {
  readonly entity: AnyEntity
  readonly scope: Scope
  readonly mapping: Mapping
  readonly rows: readonly BoundRow[]
  readonly parse: (path: string) => Step[]
  readonly keyRow: BoundRow
}

/** The maker of a mapping's resource, and the function that gives the value of its key, or `undefined` where the record has none. */
export function compileMapping(input: Input): { make: MakeResource; idFor: (record: unknown) => string | undefined } {
  const { mapping, rows, parse, keyRow, scope, entity } = input
  const root: Emit = { kind: 'object', children: new Map() }
  // declaration order decides the order of array elements, as in the table
  for (const row of mapping.rows) {
    const bound = rows.find((candidate) => candidate.row === row)
    if (bound) insert(root, bound.steps, { kind: 'row', row: bound, pattern: undefined })
    else if (row.kind === 'fixed') insert(root, parse(row.to), { kind: 'constant', value: row.value })
  }
  const code = new Code(mapping.resourceType, scope)
  root.children.delete('meta')
  const meta = code.meta(mapping, partnerUrl(entity.partner))
  const body = code.object(root, { resourceType: JSON.stringify(mapping.resourceType), meta: meta.start })
  const make = code.build(`${body.code}\n${meta.claims}return ${body.variable};`) as MakeResource

  const keyCode = new Code(mapping.resourceType, scope)
  const value = keyCode.row(keyRow)
  const only = mapping.onlyWith ? `if (!(${read(mapping.onlyWith)}?.length > 0)) return undefined;` : ''
  const idFor = keyCode.build(`${only}${value.code}\nreturn ${value.variable};`) as (
    record: unknown,
    issues: Issue[]
  ) => string | undefined
  return { make, idFor: (record) => idFor(record, []) }
}

function insert(root: Emit & { kind: 'object' }, steps: readonly Step[], leaf: Emit): void {
  let at: Emit = root
  steps.forEach((step, depth) => {
    const last = depth === steps.length - 1
    if (at.kind !== 'object')
      throw new TypeError(`${steps.map((s) => s.name).join('.')}: a row stands inside another row's element`)
    if (step.kind === 'property') {
      at = child(at.children, step.name, last ? leaf : { kind: 'object', children: new Map() })
      return
    }
    const list = child(at.children, step.name, { kind: 'array', items: new Map() })
    if (list.kind !== 'array') throw new TypeError(`${step.name} is both one row's element and a list of others`)
    const name = step.kind === 'slice' ? step.slice : `[${step.index}]`
    if (last) {
      const pattern = step.kind === 'slice' ? step.pattern : undefined
      at = child(list.items, name, leaf.kind === 'row' ? { ...leaf, pattern } : leaf)
      return
    }
    const fresh: Emit = step.kind === 'slice' ? patternNode(step.pattern) : { kind: 'object', children: new Map() }
    at = child(list.items, name, fresh)
  })
}

function child(children: Map<string, Emit>, name: string, fresh: Emit): Emit {
  const known = children.get(name)
  if (known) return known
  children.set(name, fresh)
  return fresh
}

/** A slice's pattern as the constant part of its element. */
function patternNode(pattern: Readonly<Record<string, unknown>>): Emit {
  const children = new Map<string, Emit>()
  for (const [name, value] of Object.entries(pattern)) {
    if (Array.isArray(value)) {
      const items = new Map(value.map((item, index) => [`#${index}`, { kind: 'constant', value: item } as Emit]))
      children.set(name, { kind: 'array', items })
    } else children.set(name, { kind: 'constant', value })
  }
  return { kind: 'object', children }
}

/** `v0?.name?.[0]?.family` for the element path `name[0].family` of the resource being built. */
const elementAt = (path: string): string =>
  `v0${path
    .split('.')
    .map((step) => `?.${step.replace('[', '?.[')}`)
    .join('')}`

interface Emitted {
  readonly code: string
  readonly variable: string
  /** There whatever the record says. */
  readonly constant: boolean
}

class Code {
  readonly #values: unknown[] = []
  readonly #type: string
  readonly #scope: Scope
  #names = 0

  constructor(type: string, scope: Scope) {
    this.#type = type
    this.#scope = scope
  }

  /** A value from outside the generated code, by reference; primitives are written out. */
  constant(value: unknown): string {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return JSON.stringify(value)
    this.#values.push(typeof value === 'object' ? deepFreeze(value) : value)
    return `c${this.#values.length - 1}`
  }

  build(body: string): unknown {
    const names = this.#values.map((_, index) => `c${index}`)
    const make = new Function(...names, `'use strict';\nreturn function (r, issues) {\n${body}\n}`)
    return make(...this.#values)
  }

  /** `meta` as far as it is the same for every record, and the code that adds profiles which only some records may claim. */
  meta(mapping: Mapping, source: string): { readonly start: string; readonly claims: string } {
    const always = mapping.profiles.filter(({ needs }) => !needs).map(({ url }) => url)
    const profile = always.length > 0 ? `, profile: ${JSON.stringify(always)}` : ''
    const claims = mapping.profiles.flatMap(({ url, needs }) => {
      if (!needs) return []
      const conditions = needs.map((path) => `${elementAt(path)} !== undefined`)
      return `if (${conditions.join(' && ')}) (v0.meta.profile ??= []).push(${JSON.stringify(url)});\n`
    })
    return { start: `{ source: ${JSON.stringify(source)}${profile} }`, claims: claims.join('') }
  }

  node(emit: Emit): Emitted {
    switch (emit.kind) {
      case 'constant':
        return { code: '', variable: this.constant(emit.value), constant: true }
      case 'row':
        return this.row(emit.row, emit.pattern)
      case 'object':
        return this.object(emit)
      case 'array':
        return this.array(emit)
    }
  }

  object(emit: Emit & { kind: 'object' }, start?: Readonly<Record<string, string>>): Emitted {
    const variable = this.#name()
    const children = [...emit.children].map(([name, inner]) => ({ name, ...this.node(inner) }))
    const constants = children.filter((one) => one.constant)
    const living = children.filter((one) => !one.constant)
    const property = ({ name, variable }: { name: string; variable: string }) => `${JSON.stringify(name)}: ${variable}`
    const fixed = [
      ...Object.entries(start ?? {}).map(([name, code]) => `${JSON.stringify(name)}: ${code}`),
      ...constants.map(property)
    ]
    const before = children.map((one) => one.code).join('')
    const sets = living
      .map((one) => `if (${one.variable} !== undefined) ${variable}[${JSON.stringify(one.name)}] = ${one.variable};\n`)
      .join('')
    if (living.length === 0 || start)
      return { code: `${before}const ${variable} = { ${fixed.join(', ')} };\n${sets}`, variable, constant: true }
    const [only] = living
    if (only && living.length === 1) {
      const literal = `{ ${[...fixed, property(only)].join(', ')} }`
      return {
        code: `${before}const ${variable} = ${only.variable} === undefined ? undefined : ${literal};\n`,
        variable,
        constant: false
      }
    }
    const any = living.map((one) => `${one.variable} !== undefined`).join(' || ')
    return {
      code: `${before}let ${variable};\nif (${any}) {\n${variable} = { ${fixed.join(', ')} };\n${sets}}\n`,
      variable,
      constant: false
    }
  }

  array(emit: Emit & { kind: 'array' }): Emitted {
    const variable = this.#name()
    const items = [...emit.items.values()].map((inner) => ({ inner, ...this.node(inner) }))
    const constants = items.every((one) => one.constant)
    // elements of a pattern stand first and only accompany the mapped ones
    const before = items.map((one) => one.code).join('')
    const push = items.map((one) => {
      const isMany = one.inner.kind === 'row' && one.inner.row.row.kind === 'list'
      // a literal of one element has room for one; pushing to an empty array would make room for 17
      const add = isMany
        ? `${variable} = ${variable} === undefined ? ${one.variable} : [...${variable}, ...${one.variable}];`
        : `if (${variable} === undefined) ${variable} = [${one.variable}]; else ${variable}.push(${one.variable});`
      return one.constant ? `${add}\n` : `if (${one.variable} !== undefined) { ${add} }\n`
    })
    const living = items.filter((one) => !one.constant)
    const condition =
      constants || living.length === items.length
        ? ''
        : `if (${living.map((one) => `${one.variable} !== undefined`).join(' || ')}) `
    const accompanies = [...emit.items.keys()].some((name) => name.startsWith('#'))
    return {
      code: `${before}let ${variable};\n${accompanies ? condition : ''}{\n${push.join('')}}\n`,
      variable,
      constant: constants || (!accompanies && items.some((one) => one.constant))
    }
  }

  /** The value of one row: read, checked for its type, converted; what cannot be read becomes an issue. */
  row(bound: BoundRow, pattern?: Readonly<Record<string, unknown>>): Emitted {
    const variable = this.#name()
    const { row } = bound
    const problem = this.constant(issueOf(bound, this.#type))
    const accept = `if (typeof ${variable} === 'object' && ${variable} instanceof ${this.constant(Unreadable)}) { issues.push(${problem}(${variable})); ${variable} = ${variable}.fallback; }\n`
    if (row.kind === 'computed') {
      const compute = this.constant(row.compute)
      const values = row.from.map(read).join(', ')
      return {
        code: `let ${variable} = ${compute}(${this.constant(this.#scope)}, ${values});\n${accept}`,
        variable,
        constant: false
      }
    }
    if (row.kind === 'list') {
      const elements = this.constant(listElements(bound, pattern, issueOf(bound, this.#type)))
      return { code: `let ${variable} = ${elements}(${read(row.from)}, r, issues);\n`, variable, constant: false }
    }
    if (row.kind === 'nested') {
      const reference = this.constant(nestedReference(bound))
      return { code: `let ${variable} = ${reference}(${read(row.from)}, r);\n${accept}`, variable, constant: false }
    }
    const raw = `${variable}_`
    const alias = row.options.alias ? ` ?? ${read(row.options.alias)}` : ''
    const given = (row.options.given ?? []).map((path) => `, ${read(path)}`).join('')
    const check = this.#typeCheck(bound, raw)
    const refuse = check ? ` else issues.push(${problem}(${this.constant(wrongType(bound))}));` : ''
    const value = bound.conversion
      ? `${this.constant(bound.conversion)}.toFhir(${raw}${given})`
      : bound.type === 'string'
        ? `${this.constant(readText)}(${raw})`
        : raw
    const take = `${variable} = ${value};\n${value === raw ? '' : accept}`
    const guard = row.conversion?.readsAbsent ? '' : `if (${raw} !== undefined && ${raw} !== null && ${raw} !== '') `
    return {
      code: `let ${variable};\nconst ${raw} = ${read(row.from)}${alias};\n${guard}{\n${check ? `if (${check}) ` : ''}{ ${take} }${refuse}\n}\n`,
      variable,
      constant: false
    }
  }

  #typeCheck(bound: BoundRow, raw: string): string {
    const { row } = bound
    if (row.kind === 'value' && row.conversion?.readsAnything) return ''
    const absent = row.kind === 'value' && row.conversion?.readsAbsent ? `${raw} == null || ` : ''
    switch (bound.type) {
      case 'array':
        return `(${absent}Array.isArray(${raw}))`
      case 'any':
        return ''
      case 'number':
        // an integer element of FHIR holds 32 bits
        return bound.conversion ? `(${absent}typeof ${raw} === 'number')` : `(${raw} | 0) === ${raw}`
      default:
        return `(${absent}typeof ${raw} === '${bound.type}')`
    }
  }

  #name(): string {
    return `v${this.#names++}`
  }
}

const wrongType = (bound: BoundRow): Unreadable =>
  new Unreadable(bound.type === 'number' && !bound.conversion ? 'is not a 32-bit integer' : `is not of type ${bound.type}`)

function issueOf(bound: BoundRow, type: string): (unreadable: Unreadable) => Issue {
  return (unreadable) => ({
    from: bound.from.join(', '),
    to: `${type}.${bound.row.to}`,
    code: unreadable.code,
    message: unreadable.message
  })
}

function deepFreeze<T>(value: T): T {
  if (
    value !== null &&
    typeof value === 'object' &&
    !Object.isFrozen(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  if (Array.isArray(value)) for (const inner of Object.freeze(value)) deepFreeze(inner)
  return value
}
