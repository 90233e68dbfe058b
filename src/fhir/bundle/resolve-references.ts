import type { Resource } from '@medplum/fhirtypes'
import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { type Criteria, matchAll, readCriteria } from '../criteria.ts'
import { splitOnce } from '../get-by-url.ts'
import { problem } from '../problem.ts'
import { indexResource } from '../search-index.ts'
import { criteriaOf } from '../store/find-by-identifiers.ts'
import { atEntry, type WriteEntry } from './entries.ts'
import { withReferences } from './references.ts'

/** What an entry will write: its resource, under the id that it has or gets. */
export interface Written {
  readonly entry: WriteEntry
  readonly id: string
  readonly resource?: Resource
}

/**
 * The resources of a bundle, by entry, with references that hold outside of it: to another entry's fullUrl, and conditional ones
 * (`Patient?identifier=…`), which may also match what the bundle itself writes. One that means nothing fails the transaction.
 */
export async function resolveReferences(
  db: Kysely<Database>,
  written: readonly Written[],
  deleted: ReadonlySet<string>
): Promise<Map<number, Resource>> {
  const entries = fullUrls(written)
  const conditional = await resolveConditional(db, written, deleted)
  const resolved = new Map<number, Resource>()
  for (const { entry, resource } of written) {
    if (!resource) continue
    const next = atEntry(entry.index, () =>
      withReferences(
        resource,
        (reference, path) => {
          const target = entries.get(reference) ?? conditional(reference, path)
          if (target === undefined && reference.startsWith('urn:uuid:') && path.endsWith('.reference')) {
            throw problem(400, 'not-found', 'Refers to an entry that is not in the bundle', path)
          }
          return target
        },
        resource.resourceType
      )
    )
    resolved.set(entry.index, next)
  }
  return resolved
}

function fullUrls(written: readonly Written[]): Map<string, string> {
  const urls = new Map<string, string>()
  for (const { entry, id } of written) {
    if (entry.fullUrl === undefined || entry.method === 'DELETE') continue
    const target = `${entry.resourceType}/${id}`
    if (urls.has(entry.fullUrl) && urls.get(entry.fullUrl) !== target) {
      throw problem(400, 'duplicate', 'Two entries have the same fullUrl', `Bundle.entry[${entry.index}].fullUrl`)
    }
    urls.set(entry.fullUrl, target)
    // `Patient/1` means the entry whose fullUrl ends so, when that one is new here
    const relative = /^https?:.*\/([A-Z][A-Za-z]+\/[A-Za-z0-9.-]+)$/.exec(entry.fullUrl)?.[1]
    if (relative && entry.method === 'POST') urls.set(relative, target)
  }
  return urls
}

async function resolveConditional(db: Kysely<Database>, written: readonly Written[], deleted: ReadonlySet<string>) {
  const asked = new Map<string, Criteria>()
  for (const { entry, resource } of written) {
    if (!resource) continue
    atEntry(entry.index, () =>
      withReferences(
        resource,
        (reference, path) => {
          const [type = '', query] = splitOnce(reference, '?')
          if (query !== undefined && path.endsWith('.reference') && /^[A-Z][A-Za-z]+$/.test(type))
            asked.set(reference, readCriteria(type, query))
          return undefined
        },
        resource.resourceType
      )
    )
  }
  const stored = await matchAll(db, [...asked.values()])
  const own = asked.size > 0 ? keysWritten(written) : new Map<string, string[]>()
  return (reference: string, path: string): string | undefined => {
    const criteria = asked.get(reference)
    if (!criteria) return undefined
    const type = criteria.query.resourceType
    const ids = new Set(
      [...(stored.get(criteria.text) ?? []), ...(own.get(criteria.text) ?? [])].filter((id) => !deleted.has(`${type}/${id}`))
    )
    const [id, second] = ids
    if (second !== undefined)
      throw problem(412, 'multiple-matches', 'The conditional reference matches more than one resource', path)
    if (id === undefined) throw problem(412, 'not-found', 'The conditional reference matches nothing', path)
    return `${type}/${id}`
  }
}

/** The identifiers, tags and urls of what the bundle writes, with the ids that bear them. */
function keysWritten(written: readonly Written[]): Map<string, string[]> {
  const ids = new Map<string, string[]>()
  for (const { resource, id } of written) {
    if (!resource) continue
    for (const key of indexResource(resource).keys) {
      const text = criteriaOf({ ...key, resourceType: resource.resourceType })
      ids.set(text, [...(ids.get(text) ?? []), id])
    }
  }
  return ids
}
