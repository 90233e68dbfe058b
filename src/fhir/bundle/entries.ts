import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import { type Access, type Interaction, requireAccess } from '../access.ts'
import { type Criteria, claimable, readCriteria } from '../criteria.ts'
import { relativeUrl, splitOnce } from '../get-by-url.ts'
import { requireStored } from '../hub-repository.ts'
import { type Patch, readPatch } from '../patch.ts'
import { badRequest, FhirProblem } from '../problem.ts'
import { requireValid } from '../validate.ts'

/** One request of a bundle, read and checked as far as that goes without the database. */
export type Entry =
  | (Common & { readonly method: 'GET'; readonly url: string })
  | (Common & { readonly method: 'POST'; readonly resource: Resource; readonly criteria?: Criteria })
  | (Common & Target & { readonly method: 'PUT'; readonly resource: Resource })
  | (Common & Target & { readonly method: 'PATCH'; readonly patch: Patch })
  | (Common & Target & { readonly method: 'DELETE' })

interface Common {
  readonly index: number
  readonly resourceType: string
  readonly fullUrl?: string
}

interface Target {
  readonly id?: string
  readonly criteria?: Criteria
  readonly ifMatch?: string
}

export type WriteEntry = Exclude<Entry, { method: 'GET' }>

const maxEntries = 2_000
const interactions = { GET: 'read', POST: 'create', PUT: 'update', PATCH: 'update', DELETE: 'delete' } as const

export function entriesOf(bundle: Bundle): readonly BundleEntry[] {
  const entries = bundle.entry ?? []
  if (!Array.isArray(entries)) throw badRequest('Must be a list', 'Bundle.entry')
  if (entries.length > maxEntries) throw badRequest(`A bundle has at most ${maxEntries} entries`, 'Bundle.entry')
  return entries
}

/** Reads one entry; what is wrong with it is reported at its place in the bundle. */
export function readEntry(
  entry: BundleEntry,
  index: number,
  access: Access,
  typeOfReference?: (reference: string) => string | undefined
): Entry {
  return atEntry(index, () => {
    const request = entry?.request
    const method = request?.method
    if (!method || !Object.hasOwn(interactions, method))
      throw badRequest('An entry needs request.method: GET, POST, PUT, PATCH or DELETE')
    const url = relativeUrl(request?.url)
    const [path = '', query] = splitOnce(url, '?')
    const [resourceType = '', id, ...more] = path.split('/')
    requireStored(resourceType)
    const common = { index, resourceType, ...(typeof entry.fullUrl === 'string' ? { fullUrl: entry.fullUrl } : {}) }
    if (method === 'GET') return { ...common, method, url }
    if (more.length > 0) throw badRequest('Not a url of this interaction')
    requireAccess(access, interactions[method as keyof typeof interactions] satisfies Interaction, resourceType)
    if (method === 'POST') {
      if (id !== undefined || query !== undefined) throw badRequest('A create is a POST on the resource type')
      const resource = resourceOf(entry, resourceType, typeOfReference)
      const condition = request?.ifNoneExist
      return { ...common, method, resource, ...(condition ? { criteria: claimable(readCriteria(resourceType, condition)) } : {}) }
    }
    const target = { ...targetOf(resourceType, id, query), ...(request?.ifMatch ? { ifMatch: versionOf(request.ifMatch) } : {}) }
    if (method === 'DELETE') return { ...common, ...target, method }
    if (method === 'PATCH') return { ...common, ...target, method, patch: patchOf(entry) }
    if (target.criteria) claimable(target.criteria)
    const resource = resourceOf(entry, resourceType, typeOfReference)
    if (id !== undefined && resource.id !== id) throw badRequest('The id of the resource is not the one of the url')
    return { ...common, ...target, method: 'PUT', resource }
  })
}

/** Runs a part of the work on an entry and puts what goes wrong at its place. */
export function atEntry<T>(index: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FhirProblem)) throw error
    throw new FhirProblem(
      error.status,
      error.outcome.issue.map((one) => ({ ...one, expression: [placeIn(index, one.expression?.[0])] }))
    )
  }
}

function placeIn(index: number, expression: string | undefined): string {
  const entry = `Bundle.entry[${index}]`
  if (expression === undefined || expression.startsWith('Bundle.')) return expression ?? entry
  return `${entry}.resource${expression.includes('.') ? expression.slice(expression.indexOf('.')) : ''}`
}

/** The version in `W/"3"`. */
export function versionOf(etag: string): string {
  return /^(?:W\/)?"([^"]*)"$/.exec(etag.trim())?.[1] ?? etag.trim()
}

function targetOf(resourceType: string, id: string | undefined, query: string | undefined): { id?: string; criteria?: Criteria } {
  if (id !== undefined && query === undefined) return { id }
  if (id === undefined && query !== undefined) return { criteria: readCriteria(resourceType, query) }
  throw badRequest('Name the resource by its id or by criteria')
}

function resourceOf(entry: BundleEntry, resourceType: string, typeOf?: (reference: string) => string | undefined): Resource {
  const { resource } = entry
  if (resource?.resourceType !== resourceType) throw badRequest('The resource is not of the type of the url')
  requireValid(resource, typeOf)
  return resource
}

/** A FHIRPath patch is a Parameters resource; a JSON patch travels in a Binary. */
function patchOf({ resource }: BundleEntry): Patch {
  if (resource?.resourceType !== 'Binary') return readPatch(resource)
  try {
    return readPatch(JSON.parse(Buffer.from(resource.data ?? '', 'base64').toString('utf8')))
  } catch (error) {
    throw error instanceof FhirProblem ? error : badRequest('The Binary of a patch holds JSON')
  }
}
