import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import type { Access } from './access.ts'
import { answer, created, noContent, ok } from './bundle/answers.ts'
import { atEntry, type Entry, entriesOf, readEntry, type WriteEntry } from './bundle/entries.ts'
import { resolveReferences } from './bundle/resolve-references.ts'
import { type EntryTarget, findTargets } from './bundle/targets.ts'
import { getByUrl } from './get-by-url.ts'
import { type HubRepository, requireVersion } from './hub-repository.ts'
import { patched } from './patch.ts'
import { gone, notFound, problem } from './problem.ts'
import { sameContent } from './same-content.ts'
import { readResources } from './store/read-resources.ts'
import { refKey } from './store/resource-ref.ts'
import type { Decided } from './store/write-changes.ts'
import { requireValid } from './validate.ts'

export interface BundleContext {
  readonly access: Access
  readonly handling: 'strict' | 'lenient'
  /** Prefer: return=representation */
  readonly withResources: boolean
}

/** Everything in the bundle or nothing: in FHIR's order, whatever order the entries have, and again from the start on a collision. */
export async function runTransaction(hub: HubRepository, bundle: Bundle, context: BundleContext): Promise<Bundle> {
  const raw = entriesOf(bundle)
  const types = new Map(raw.map((entry) => [entry?.fullUrl, entry?.resource?.resourceType]))
  const entries = raw.map((entry, index) => readEntry(entry, index, context.access, (reference) => types.get(reference)))
  const entry = await hub.withTransaction((tx) => runEntries(tx, entries, context), undefined, entries.flatMap(keysOf))
  return { resourceType: 'Bundle', type: 'transaction-response', entry }
}

/** Inside a transaction: decides and writes all changes at once, then reads what the bundle asks to be read. */
export async function runEntries(tx: HubRepository, entries: readonly Entry[], context: BundleContext): Promise<BundleEntry[]> {
  const answers: BundleEntry[] = entries.map(() => noContent)
  const targets = await findTargets(
    tx,
    entries.filter((entry): entry is WriteEntry => entry.method !== 'GET')
  )
  const stored = await readResources(tx.db, targets.map(refOf))
  const resources = await resourcesOf(tx, targets, stored)
  const decided = decide(targets, stored, resources)
  const changes = await tx.write(decided)
  for (const target of targets) {
    const key = refKey(refOf(target))
    const resource = changes.get(key)?.resource ?? stored.get(key)
    const { index, method } = target.entry
    if (!resource || method === 'DELETE') continue
    const isNew = !target.matched && changes.has(key) && (target.current === undefined || target.current.deleted)
    answers[index] = answer(isNew ? created : ok, resource, context.withResources)
  }
  for (const entry of entries) {
    if (entry.method !== 'GET') continue
    const resource = await getByUrl(tx, entry.url, context).catch((error: unknown) => rejectAt(entry.index, error))
    answers[entry.index] = answer(ok, resource, true)
  }
  return answers
}

/** What each entry wants to be stored, references resolved. */
async function resourcesOf(tx: HubRepository, targets: readonly EntryTarget[], stored: ReadonlyMap<string, Resource>) {
  const deleted = new Set(targets.flatMap((target) => (target.entry.method === 'DELETE' ? refKey(refOf(target)) : [])))
  const written = targets.map((target) => {
    const { entry, id, matched } = target
    if (entry.method === 'DELETE' || matched) return { entry, id }
    if (entry.method !== 'PATCH') return { entry, id, resource: entry.resource }
    return atEntry(entry.index, () => {
      const current = stored.get(refKey(refOf(target)))
      if (!current) throw target.current?.deleted ? gone() : notFound()
      const resource = patched(current, entry.patch)
      requireValid(resource)
      return { entry, id, resource }
    })
  })
  return resolveReferences(tx.db, written, deleted)
}

function decide(
  targets: readonly EntryTarget[],
  stored: ReadonlyMap<string, Resource>,
  resources: ReadonlyMap<number, Resource>
): Decided {
  const writes: Decided['writes'][number][] = []
  const deletes: Decided['deletes'][number][] = []
  for (const target of targets) {
    const { entry, id, current, matched } = target
    if (matched) continue
    atEntry(entry.index, () => {
      if ('ifMatch' in entry && entry.ifMatch !== undefined) requireVersion(entry.ifMatch, current?.version ?? 0)
      const claims = entry.criteria?.key && !current ? { claims: entry.criteria.text } : {}
      if (entry.method === 'DELETE') {
        if (current && !current.deleted) deletes.push({ resourceType: entry.resourceType, id, expected: current.version })
        return
      }
      const resource = { ...(resources.get(entry.index) as Resource), id }
      if (entry.method === 'PUT' && entry.resource.id && entry.resource.id !== id)
        throw problem(400, 'invalid', 'The id is not that of the match')
      if (entry.method === 'PUT' && entry.id !== undefined && !current) {
        throw problem(405, 'not-supported', 'Ids are given by this server: create the resource, or update it conditionally')
      }
      const before = stored.get(refKey(resource))
      if (before && current && sameContent(before, resource)) return
      writes.push({ resource, expected: current?.version ?? 'new', ...claims })
    })
  }
  return { writes, deletes }
}

function rejectAt(index: number, error: unknown): never {
  return atEntry(index, () => {
    throw error
  })
}

function refOf({ entry, id }: EntryTarget) {
  return { resourceType: entry.resourceType, id }
}

/** What other transactions on the same things wait for. */
function keysOf(entry: Entry): string[] {
  if (entry.method === 'GET') return []
  if (entry.criteria) return [entry.criteria.text]
  return 'id' in entry && entry.id !== undefined ? [`${entry.resourceType}/${entry.id}`] : []
}
