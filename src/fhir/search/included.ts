import type { Resource } from '@medplum/fhirtypes'
import { type Kysely, sql } from 'kysely'
import { decodeContent } from '../../database/content-codec.ts'
import type { Database } from '../../database/tables.ts'
import { indexable } from '../indexable.ts'
import { indexResource } from '../search-index.ts'
import { readResources } from '../store/read-resources.ts'
import type { ResourceRef } from '../store/resource-ref.ts'
import { refKey } from '../store/resource-ref.ts'
import type { Include, SearchQuery } from './query.ts'
import { anyOf } from './where.ts'

type Found = Resource & { id: string }

const maxIncluded = 1_000

/** What the matches refer to (`_include`) and what refers to them (`_revinclude`), each once, one step away. */
export async function includedResources(db: Kysely<Database>, query: SearchQuery, matches: readonly Found[]): Promise<Found[]> {
  if (matches.length === 0 || query.include.length + query.revInclude.length === 0) return []
  const forward = await readResources(db, referenced(matches, query.include).slice(0, maxIncluded))
  const backward = await referring(db, matches, query.revInclude)
  const all = new Map([...forward, ...backward.map((resource) => [refKey(resource), resource] as const)])
  for (const match of matches) all.delete(refKey(match))
  return [...all.values()]
}

function referenced(matches: readonly Found[], includes: readonly Include[]): ResourceRef[] {
  const refs = new Map<string, ResourceRef>()
  for (const token of includes.length === 0 ? [] : matches.flatMap((match) => indexResource(match).tokens)) {
    for (const { name, target } of includes) {
      if (!token.startsWith(`${name}=`)) continue
      const [resourceType = '', id = ''] = token.slice(name.length + 1).split('/')
      if (target === undefined || target === resourceType) refs.set(`${resourceType}/${id}`, { resourceType, id })
    }
  }
  return [...refs.values()]
}

async function referring(db: Kysely<Database>, matches: readonly Found[], includes: readonly Include[]): Promise<Found[]> {
  if (includes.length === 0) return []
  const conditions = includes.map(({ resourceType, name, target }) => {
    const wanted = matches.filter((match) => target === undefined || match.resourceType === target)
    return sql`(r.resource_type = ${resourceType} AND r.search && ${wanted.map((match) => indexable(`${name}=${refKey(match)}`))}::text[])`
  })
  const { rows } = await sql<{ content: Buffer }>`
    SELECT v.content FROM resource r
    JOIN resource_version v ON v.resource_type = r.resource_type AND v.id = r.id AND v.version = r.version
    WHERE NOT r.deleted AND ${anyOf(conditions)} ORDER BY r.resource_type, r.id LIMIT ${maxIncluded}
  `.execute(db)
  return rows.map((row) => decodeContent(row.content) as Found)
}
