import { badRequest, unknownType } from '../problem.ts'
import { searchParameters } from '../search-parameters.ts'
import { parseCondition } from './parse-condition.ts'
import type { Condition, Include, SearchQuery, SortRule } from './query.ts'

type Pairs = readonly (readonly [name: string, value: string])[]

const defaultCount = 20
const maxCount = 200

/** Reads the parameters of a search on one type. A wrong value is an error; an unknown parameter is listed, or an error when strict. */
export function parseQuery(resourceType: string, pairs: Pairs, handling: 'strict' | 'lenient' = 'lenient'): SearchQuery {
  const parameters = searchParameters.get(resourceType)
  if (!parameters) throw unknownType()
  const conditions: Condition[] = []
  const unknown: string[] = []
  const understood: (readonly [string, string])[] = []
  const control: Control = { sort: [], include: [], revInclude: [], count: defaultCount, total: false, countOnly: false }
  for (const [name, value] of pairs) {
    const condition = controls.has(name) ? undefined : parseCondition(resourceType, name, value)
    if (condition) conditions.push(condition)
    else if (!controls.get(name)?.(control, value, resourceType)) {
      unknown.push(name)
      continue
    }
    if (name !== '_cursor') understood.push([name, value])
  }
  if (unknown.length > 0 && handling === 'strict') {
    throw badRequest(`${resourceType} cannot be searched by ${unknown.map(printable).join(', ')}`)
  }
  return { resourceType, conditions, unknown, understood, ...control }
}

/** `a=b&c=d` as name and value pairs, decoded. `|` may stand unencoded. */
export function parsePairs(query: string): [string, string][] {
  return [...new URLSearchParams(query)]
}

/** A parameter's name as a message may show it: it came from outside. */
export function printable(name: string): string {
  return /^[\w:.-]{1,40}$/.test(name) ? name : 'a parameter with a strange name'
}

type Control = { -readonly [K in 'count' | 'total' | 'countOnly']: SearchQuery[K] } & {
  cursor?: string
  elements?: string[]
  sort: SortRule[]
  include: Include[]
  revInclude: Include[]
}

/** Each returns whether it understood the value. */
const controls = new Map<string, (control: Control, value: string, resourceType: string) => boolean>([
  [
    '_count',
    (control, value) => {
      if (!/^\d{1,9}$/.test(value)) throw badRequest('_count must be a whole number')
      control.count = Math.min(Number(value), maxCount)
      if (control.count === 0) control.countOnly = true
      return true
    }
  ],
  [
    '_cursor',
    (control, value) => {
      control.cursor = value
      return true
    }
  ],
  ['_format', () => true],
  ['_pretty', () => true],
  [
    '_total',
    (control, value) => {
      control.total = value === 'accurate' || value === 'estimate'
      return control.total || value === 'none'
    }
  ],
  [
    '_summary',
    (control, value) => {
      if (value === 'count') control.countOnly = true
      return value === 'count' || value === 'false'
    }
  ],
  [
    '_elements',
    (control, value) => {
      control.elements = value.split(',')
      return true
    }
  ],
  [
    '_sort',
    (control, value, resourceType) => {
      const rules = value.split(',').map((name) => sortRule(resourceType, name))
      for (const rule of rules) if (rule) control.sort.push(rule)
      return rules.every((rule) => rule !== undefined)
    }
  ],
  [
    '_include',
    (control, value, resourceType) => addInclude(control.include, value, (include) => include.resourceType === resourceType)
  ],
  ['_revinclude', (control, value) => addInclude(control.revInclude, value, () => true)]
])

function sortRule(resourceType: string, text: string): SortRule | undefined {
  const descending = text.startsWith('-')
  const name = descending ? text.slice(1) : text
  if (name === '_id') return { by: 'id', name, descending }
  if (name === '_lastUpdated') return { by: 'last-updated', name, descending }
  const kind = searchParameters.get(resourceType)?.get(name)?.kind
  return kind === 'date' || kind === 'string' ? { by: kind, name, descending } : undefined
}

function addInclude(list: Include[], value: string, allowed: (include: Include) => boolean): boolean {
  const [resourceType = '', name = '', target] = value.split(':')
  if (searchParameters.get(resourceType)?.get(name)?.kind !== 'reference') return false
  const include = { resourceType, name, ...(target === undefined ? {} : { target }) }
  if (!allowed(include)) return false
  list.push(include)
  return true
}
