import type { Bundle, BundleEntry, OperationOutcome, Resource } from '@medplum/fhirtypes'
import { type Kysely, sql } from 'kysely'
import { decodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { includedResources } from './included.ts'
import { after, cursorColumn, encodeCursor, type Order, orderBy, orderOf } from './order.ts'
import { printable } from './parse-query.ts'
import type { SearchQuery } from './query.ts'
import { subset } from './subset.ts'
import { allOf, where } from './where.ts'

type Found = Resource & { id: string }

/** One page of a search as a searchset. Links and fullUrls are relative; the edge knows the base URL. */
export async function runSearch(db: Kysely<Database>, query: SearchQuery): Promise<Bundle> {
  const total = query.total || query.countOnly ? { total: await countMatches(db, query) } : {}
  const self = { relation: 'self', url: link(query) }
  if (query.countOnly) return { resourceType: 'Bundle', type: 'searchset', ...total, link: [self] }
  const { matches, cursor } = await readPage(db, query)
  const included = await includedResources(db, query, matches)
  const entry: BundleEntry[] = [
    ...matches.map((resource) => entryOf(query.elements ? subset(resource, query.elements) : resource, 'match')),
    ...included.map((resource) => entryOf(resource, 'include'))
  ]
  if (query.unknown.length > 0) entry.push({ resource: ignored(query), search: { mode: 'outcome' } })
  const next = cursor === undefined ? [] : [{ relation: 'next', url: link(query, cursor) }]
  return { resourceType: 'Bundle', type: 'searchset', ...total, link: [self, ...next], ...(entry.length > 0 ? { entry } : {}) }
}

/** The ids of at most `limit` matches. */
export async function matchingIds(db: Kysely<Database>, query: SearchQuery, limit: number): Promise<string[]> {
  const { rows } = await sql<{
    id: string
  }>`SELECT r.id FROM resource r WHERE ${matching(query)} ORDER BY r.id LIMIT ${limit}`.execute(db)
  return rows.map((row) => row.id)
}

async function countMatches(db: Kysely<Database>, query: SearchQuery): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM resource r WHERE ${matching(query)}`.execute(db)
  return rows[0]?.n ?? 0
}

async function readPage(db: Kysely<Database>, query: SearchQuery): Promise<{ matches: Found[]; cursor?: string }> {
  const order: Order = orderOf(query)
  const begin = query.cursor === undefined ? [] : [after(order, query.cursor)]
  const { rows } = await sql<{ content: Buffer; cursor: unknown[] }>`
    WITH page AS MATERIALIZED (
      SELECT r.resource_type, r.id, r.version, ${cursorColumn(order)} AS cursor, row_number() OVER (ORDER BY ${orderBy(order)}) AS n
      FROM resource r WHERE ${allOf([matching(query), ...begin])}
      ORDER BY ${orderBy(order)} LIMIT ${query.count + 1}
    )
    SELECT v.content, page.cursor FROM page
    JOIN resource_version v ON v.resource_type = page.resource_type AND v.id = page.id AND v.version = page.version
    ORDER BY page.n
  `.execute(db)
  const matches = rows.slice(0, query.count).map((row) => decodeContent(row.content) as Found)
  const last = rows[query.count - 1]
  return rows.length > query.count && last ? { matches, cursor: encodeCursor(last.cursor) } : { matches }
}

function matching({ resourceType, conditions }: SearchQuery) {
  return allOf([
    sql`r.resource_type = ${resourceType} AND NOT r.deleted`,
    ...conditions.map((condition) => where(condition, resourceType))
  ])
}

function entryOf(resource: Found, mode: 'match' | 'include'): BundleEntry {
  return { fullUrl: `${resource.resourceType}/${resource.id}`, resource, search: { mode } }
}

function link({ resourceType, understood }: SearchQuery, cursor?: string): string {
  const params = new URLSearchParams(understood.map(([name, value]): [string, string] => [name, value]))
  if (cursor !== undefined) params.set('_cursor', cursor)
  const text = params.toString()
  return text === '' ? resourceType : `${resourceType}?${text}`
}

function ignored({ unknown, resourceType }: SearchQuery): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: unknown.map((name) => ({
      severity: 'warning',
      code: 'not-supported',
      details: { text: `${resourceType} is not searchable by ${printable(name)} like that: it was ignored` }
    }))
  }
}
