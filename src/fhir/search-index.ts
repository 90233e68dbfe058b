import type { Resource } from '@medplum/fhirtypes'
import { type DateRange, dateRange, periodRange } from './date-range.ts'
import { fold } from './fold.ts'
import { indexable } from './indexable.ts'
import { type SearchParameter, searchParameters } from './search-parameters.ts'

/** What a resource can be found by, as the rows of the hub's tables hold it. */
export interface SearchIndex {
  readonly tokens: string[]
  readonly keys: readonly ResourceKey[]
  readonly dates: readonly ({ readonly param: string } & DateRange)[]
  readonly strings: readonly { readonly param: string; readonly value: string }[]
}

export interface ResourceKey {
  readonly param: 'identifier' | '_tag' | 'url'
  readonly system: string
  readonly value: string
}

/** Reads a resource once and lists its tokens, keys, dates and strings. */
export function indexResource(resource: Resource): SearchIndex {
  const tokens = new Set<string>()
  const index = {
    keys: [] as ResourceKey[],
    dates: [] as SearchIndex['dates'][number][],
    strings: [] as SearchIndex['strings'][number][]
  }
  for (const extractor of extractors.get(resource.resourceType) ?? []) {
    for (const path of extractor.paths) {
      walk(resource, path, 0, (value) => {
        extractor.add(value, tokens, index)
      })
    }
  }
  addOtherReferences(resource, tokens)
  return { tokens: [...tokens], ...unique(index) }
}

/** The token of references to people that no search parameter covers: when two people turn out to be one, none may be missed. */
export const otherReferences = '_other-reference'

function addOtherReferences(resource: Resource, tokens: Set<string>): void {
  let found: Set<string> | undefined
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) {
      for (const item of value) look(item)
      return
    }
    for (const name in value) {
      const inner = (value as Record<string, unknown>)[name]
      if (name !== 'reference' || typeof inner !== 'string') look(inner)
      else if (/^(Patient|Practitioner)\//.test(inner)) {
        found ??= new Set()
        found.add(inner.replace(/\/_history\/[^/]*$/, ''))
      }
    }
  }
  look(resource)
  if (!found) return
  for (const token of tokens) if (found.size > 0) found.delete(token.slice(token.indexOf('=') + 1))
  for (const reference of found) tokens.add(indexable(`${otherReferences}=${reference}`))
}

type Found = { keys: ResourceKey[]; dates: SearchIndex['dates'][number][]; strings: SearchIndex['strings'][number][] }
type Add = (value: unknown, tokens: Set<string>, found: Found) => void

const extractors = new Map(
  [...searchParameters].map(([type, params]) => [
    type,
    [...params].map(([name, param]) => ({ paths: param.paths.map((path) => path.split('.')), add: adder(name, param) }))
  ])
)

function walk(value: unknown, path: readonly string[], depth: number, visit: (value: unknown) => void): void {
  if (value === undefined || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) walk(item, path, depth, visit)
    return
  }
  const key = path[depth]
  if (key === undefined) visit(value)
  else if (typeof value === 'object') walk((value as Record<string, unknown>)[key], path, depth + 1, visit)
}

function adder(name: string, param: SearchParameter): Add {
  switch (param.kind) {
    case 'token':
      return tokenAdder(name)
    case 'uri':
      return (value, tokens, found) => {
        if (typeof value !== 'string') return
        tokens.add(indexable(`${name}=${value}`))
        if (name === 'url') found.keys.push({ param: 'url', system: '', value: indexable(value) })
      }
    case 'reference':
      return referenceAdder(name, param.targets)
    case 'date':
      return (value, _tokens, found) => {
        const range = typeof value === 'string' ? dateRange(value) : periodRange(value as object)
        if (range) found.dates.push({ param: name, ...range })
      }
    case 'string':
      return (value, _tokens, found) => {
        for (const text of strings(value)) found.strings.push({ param: name, value: fold(text) })
      }
  }
}

function tokenAdder(name: string): Add {
  const isKey = name === 'identifier' || name === '_tag'
  return (value, tokens, found) => {
    if (typeof value !== 'object') {
      tokens.add(indexable(`${name}=${String(value)}`))
      return
    }
    for (const { system, code } of codings(value as Record<string, unknown>)) {
      if (isKey) {
        found.keys.push({ param: name, system: indexable(system), value: indexable(code) })
        // everything of one system: an EHR asks so for what came from a partner
        tokens.add(indexable(`${name}=${system}|`))
      } else {
        tokens.add(indexable(`${name}=${code}`))
        tokens.add(indexable(`${name}=${system}|${code}`))
      }
    }
  }
}

function referenceAdder(name: string, targets: readonly string[] | undefined): Add {
  return (value, tokens) => {
    const reference = (value as { reference?: unknown }).reference
    if (typeof reference === 'string') {
      // a version-specific reference is found by its resource too
      const plain = reference.replace(/\/_history\/[^/]*$/, '')
      const type = plain.slice(0, plain.indexOf('/'))
      if (!targets || targets.length === 0 || plain.includes(':') || (targets as readonly string[]).includes(type)) {
        tokens.add(indexable(`${name}=${plain}`))
      }
    }
    const identifier = (value as { identifier?: { system?: string; value?: string } }).identifier
    if (identifier?.value) tokens.add(indexable(`${name}:identifier=${identifier.system ?? ''}|${identifier.value}`))
  }
}

/** The system and code of a Coding, CodeableConcept, Identifier or ContactPoint. */
function codings(value: Record<string, unknown>): { system: string; code: string }[] {
  if (Array.isArray(value.coding))
    return value.coding.flatMap((coding) => (coding ? codings(coding as Record<string, unknown>) : []))
  const code = value.code ?? value.value
  return typeof code === 'string' ? [{ system: typeof value.system === 'string' ? value.system : '', code }] : []
}

/** The searchable strings of a string or HumanName. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  const { family, given, text } = value as { family?: string; given?: string[]; text?: string }
  return [family, text, ...(given ?? [])].filter((part) => typeof part === 'string')
}

/** The same identifier, date or name twice in one resource is one row. */
function unique(found: Found): Found {
  return { keys: distinct(found.keys), dates: distinct(found.dates), strings: distinct(found.strings) }
}

function distinct<T extends object>(rows: T[]): T[] {
  if (rows.length < 2) return rows
  return [...new Map(rows.map((row) => [Object.values(row).join('\u001f'), row])).values()]
}
