import type { Bundle, Resource } from '@medplum/fhirtypes'
import { type Access, requireAccess } from './access.ts'
import type { HubRepository } from './hub-repository.ts'
import { badRequest, notFound, problem } from './problem.ts'
import { parsePairs, parseQuery } from './search/parse-query.ts'
import type { Condition } from './search/query.ts'

export interface GetContext {
  readonly access: Access
  readonly handling: 'strict' | 'lenient'
}

/** What a GET on a URL below the base means: search, read, history or vread. */
export async function getByUrl(hub: HubRepository, url: string, context: GetContext): Promise<Resource> {
  const [path = '', query = ''] = splitOnce(url, '?')
  const [resourceType = '', id, history, version, ...more] = path.split('/')
  if (more.length > 0 || resourceType === '' || (history !== undefined && history !== '_history')) throw notFound()
  if (id === undefined) return search(hub, resourceType, parsePairs(query), context)
  requireAccess(context.access, 'read', resourceType)
  if (version !== undefined) return hub.readVersion(resourceType, id, version)
  if (history === undefined) return hub.readResource(resourceType, id)
  const page = new URLSearchParams(query)
  return hub.readHistory(resourceType, id, { limit: whole(page, '_count', 50), offset: whole(page, '_offset', 0) })
}

/** A search, with what the client may not read left out of the included resources. */
export async function search(
  hub: HubRepository,
  resourceType: string,
  pairs: readonly (readonly [string, string])[],
  { access, handling }: GetContext
): Promise<Bundle> {
  requireAccess(access, 'search', resourceType)
  const query = parseQuery(resourceType, pairs, handling)
  for (const type of query.conditions.flatMap(chainedTypes)) requireAccess(access, 'search', type)
  const bundle = await hub.find(query)
  const entry = bundle.entry?.filter(
    (one) => one.search?.mode !== 'include' || access.may('read', one.resource?.resourceType ?? '')
  )
  return entry && entry.length > 0 ? { ...bundle, entry } : bundle
}

function chainedTypes(condition: Condition): string[] {
  return condition.kind === 'chain'
    ? condition.targets.flatMap((target) => [target.resourceType, ...chainedTypes(target.condition)])
    : []
}

export function splitOnce(text: string, separator: string): [string] | [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** A path below the base; an absolute URL would mean another server. */
export function relativeUrl(url: unknown): string {
  if (typeof url !== 'string' || url === '') throw badRequest('A request needs a url')
  if (/^[a-z][a-z0-9+.-]*:/i.test(url.split('?')[0] as string))
    throw problem(400, 'not-supported', 'The url of a request is relative to this server')
  return url.replace(/^\/+/, '')
}

function whole(params: URLSearchParams, name: string, otherwise: number): number {
  const text = params.get(name)
  if (text === null) return otherwise
  if (!/^\d{1,6}$/.test(text)) throw badRequest(`${name} must be a whole number`)
  return Number(text)
}
