import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { badRequest } from './problem.ts'
import { parsePairs, parseQuery } from './search/parse-query.ts'
import type { SearchQuery } from './search/query.ts'
import { matchingIds } from './search/run-search.ts'
import { criteriaOf, findByKeys, type LookupKey } from './store/find-by-identifiers.ts'

/** The condition of a conditional interaction or reference: `Condition?identifier=https://…|1234`. */
export interface Criteria {
  readonly query: SearchQuery
  /** The same criteria have the same text, whatever order they were written in. */
  readonly text: string
  /** Set when this is one identifier, tag or url: found by key, and claimed by a create. */
  readonly key?: LookupKey
}

export function readCriteria(resourceType: string, text: string): Criteria {
  const pairs = parsePairs(text.replace(/^\?/, ''))
  const query = parseQuery(resourceType, pairs, 'strict')
  if (query.conditions.length === 0) throw badRequest(`A condition on ${resourceType} needs at least one search parameter`)
  const key = query.conditions.length === 1 ? lookupKey(resourceType, pairs) : undefined
  if (key) return { query, text: criteriaOf(key), key }
  const sorted = pairs.map(([name, value]) => `${name}=${value}`).sort()
  return { query, text: `${resourceType}?${sorted.join('&')}` }
}

/** Criteria of something that may be created must be such that only one can win: one identifier, tag or url. */
export function claimable(criteria: Criteria): Criteria & { key: LookupKey } {
  const { key } = criteria
  if (key) return { ...criteria, key }
  throw badRequest('A conditional create or update here takes one identifier=system|value, _tag=system|code or url=…')
}

/** The ids that match each criteria, by its text; at most two for criteria that are not keys. */
export async function matchAll(db: Kysely<Database>, all: readonly Criteria[]): Promise<Map<string, string[]>> {
  const keyed = all.flatMap(({ key }) => key ?? [])
  const found = await findByKeys(db, [...new Map(keyed.map((key) => [criteriaOf(key), key])).values()])
  for (const { key, text, query } of all) if (!key && !found.has(text)) found.set(text, await matchingIds(db, query, 2))
  return found
}

function lookupKey(resourceType: string, pairs: readonly (readonly [string, string])[]): LookupKey | undefined {
  const [name, value] = pairs.find(([param]) => param === 'identifier' || param === '_tag' || param === 'url') ?? []
  if (name === undefined || value === undefined || /[,\\]/.test(value)) return undefined
  if (name === 'url') return { resourceType, param: 'url', system: '', value }
  const bar = value.indexOf('|')
  if (bar < 0 || bar === value.length - 1) return undefined
  return { resourceType, param: name as 'identifier' | '_tag', system: value.slice(0, bar), value: value.slice(bar + 1) }
}
