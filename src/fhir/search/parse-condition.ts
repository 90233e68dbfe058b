import { dateRange } from '../date-range.ts'
import { fold } from '../fold.ts'
import { indexable } from '../indexable.ts'
import { badRequest } from '../problem.ts'
import { type SearchParameter, searchParameters, storedTypes } from '../search-parameters.ts'
import { isHubId } from '../store/resource-ref.ts'
import type { Condition, DateValue, TokenValue } from './query.ts'

const maxChain = 3

/** One parameter of a search, such as `code:not=M72.1,M72.2`; undefined when the type has no such parameter. */
export function parseCondition(resourceType: string, key: string, value: string, depth = 0): Condition | undefined {
  const dot = key.indexOf('.')
  if (dot > 0) return depth < maxChain ? parseChain(resourceType, key.slice(0, dot), key.slice(dot + 1), value, depth) : undefined
  const colon = key.indexOf(':')
  const name = colon < 0 ? key : key.slice(0, colon)
  const modifier = colon < 0 ? undefined : key.slice(colon + 1)
  if (name === '_id' && !modifier) return { kind: 'id', values: splitEscaped(value, ',').filter(isHubId) }
  if (name === '_lastUpdated' && !modifier) return { kind: 'last-updated', values: dates(name, value) }
  const param = searchParameters.get(resourceType)?.get(name)
  if (!param) return undefined
  if (value === '') throw badRequest(`${name} has no value`)
  if (modifier === 'missing') {
    if (value !== 'true' && value !== 'false') throw badRequest(`${name}:missing must be true or false`)
    return { kind: 'missing', name, param, missing: value === 'true' }
  }
  return withModifier(name, param, modifier, value)
}

function withModifier(name: string, param: SearchParameter, modifier: string | undefined, value: string): Condition {
  const values = splitEscaped(value, ',')
  switch (param.kind) {
    case 'token':
      if (modifier === undefined || modifier === 'not') {
        return { kind: 'token', name, not: modifier === 'not', values: values.map(token) }
      }
      break
    case 'uri':
      if (modifier === undefined)
        return { kind: 'text-token', tokens: values.map((one) => indexable(`${name}=${withoutEscapes(one)}`)) }
      break
    case 'date':
      if (modifier === undefined) return { kind: 'date', name, values: dates(name, value) }
      break
    case 'string':
      if (modifier === undefined || modifier === 'contains') {
        return { kind: 'string', name, contains: modifier === 'contains', values: values.map((one) => fold(withoutEscapes(one))) }
      }
      break
    case 'reference':
      if (modifier === 'identifier') {
        const tokens = values.map(token).map(({ system, code }) => indexable(`${name}:identifier=${system ?? ''}|${code ?? ''}`))
        return { kind: 'text-token', tokens }
      }
      if (modifier === undefined || targetsOf(param).includes(modifier)) {
        return { kind: 'text-token', tokens: values.flatMap((one) => references(name, param, modifier, one)) }
      }
  }
  throw badRequest(`${name} is not searchable with that modifier`)
}

/** `patient.identifier=…`, `subject:Patient.family=…` */
function parseChain(resourceType: string, link: string, rest: string, value: string, depth: number): Condition | undefined {
  const [name = '', type] = link.split(':')
  const param = searchParameters.get(resourceType)?.get(name)
  if (param?.kind !== 'reference') return undefined
  const targets = targetsOf(param).flatMap((target) => {
    if (type !== undefined && type !== target) return []
    const condition = searchParameters.has(target) ? parseCondition(target, rest, value, depth + 1) : undefined
    return condition ? [{ resourceType: target, condition }] : []
  })
  return targets.length > 0 ? { kind: 'chain', name, targets } : undefined
}

function targetsOf(param: SearchParameter): readonly string[] {
  return param.targets && param.targets.length > 0 ? param.targets : storedTypes
}

function references(name: string, param: SearchParameter, type: string | undefined, value: string): string[] {
  const plain = withoutEscapes(value).replace(/\/_history\/[^/]*$/, '')
  if (plain.includes('/') || plain.includes(':')) return [indexable(`${name}=${plain}`)]
  return (type === undefined ? targetsOf(param) : [type]).map((target) => indexable(`${name}=${target}/${plain}`))
}

function token(value: string): TokenValue {
  const [first = '', second] = splitEscaped(value, '|').map(withoutEscapes)
  if (second === undefined) return { system: undefined, code: first }
  return { system: first, code: second === '' ? undefined : second }
}

function dates(name: string, value: string): DateValue[] {
  return splitEscaped(value, ',').map((one) => {
    const [, prefix = 'eq', text = ''] = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s.exec(one) ?? []
    // a plus sign of the zone that nobody encoded has become a blank
    const range = dateRange(text.replace(' ', '+'))
    if (!range) throw badRequest(`${name} must be a date, with one of the prefixes eq ne gt lt ge le sa eb ap`)
    return { prefix: prefix as DateValue['prefix'], ...range }
  })
}

/** Splits at a separator that no backslash precedes. The pieces keep their backslashes. */
function splitEscaped(text: string, separator: ',' | '|'): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const pieces = ['']
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (char === separator) pieces.push('')
    else pieces[pieces.length - 1] += char === '\\' && at + 1 < text.length ? char + text[++at] : char
  }
  return pieces
}

function withoutEscapes(text: string): string {
  return text.replace(/\\([\\,|$])/g, '$1')
}
