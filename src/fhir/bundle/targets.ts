import { matchAll } from '../criteria.ts'
import type { HubRepository } from '../hub-repository.ts'
import { problem, severalMatches } from '../problem.ts'
import { type CurrentVersion, versionsOf } from '../store/versions-of.ts'
import { atEntry, type WriteEntry } from './entries.ts'

/** Which resource an entry is about. */
export interface EntryTarget {
  readonly entry: WriteEntry
  readonly id: string
  /** Its version before the transaction, undefined when the entry creates it. */
  readonly current?: CurrentVersion
  /** The conditional create found a match, or an earlier entry creates the same: there is nothing left to write. */
  readonly matched: boolean
}

/** Finds or invents the id of every entry. Two entries may not write the same resource. */
export async function findTargets(hub: HubRepository, entries: readonly WriteEntry[]): Promise<EntryTarget[]> {
  const matches = await matchAll(
    hub.db,
    entries.flatMap(({ criteria }) => criteria ?? [])
  )
  const ids = new Map<number, string>()
  for (const entry of entries) {
    const id = 'id' in entry && entry.id !== undefined ? entry.id : atEntry(entry.index, () => onlyMatch(matches, entry))
    if (id !== undefined) ids.set(entry.index, id)
  }
  const known = await versionsOf(
    hub.db,
    entries.flatMap(({ index, resourceType }) => (ids.has(index) ? [{ resourceType, id: ids.get(index) as string }] : []))
  )
  const deleted = new Set(
    entries.flatMap((entry) => (entry.method === 'DELETE' ? `${entry.resourceType}/${ids.get(entry.index)}` : []))
  )
  const writers = new Set<string>()
  const creating = new Map<string, string>()
  return entries.flatMap((entry) =>
    atEntry(entry.index, (): EntryTarget[] => {
      const found = ids.get(entry.index)
      const key = `${entry.resourceType}/${found}`
      const current = found === undefined ? undefined : known.get(key)
      const conditional = entry.criteria?.text
      if (entry.method === 'POST' && found !== undefined && !deleted.has(key))
        return [{ entry, id: found, ...withCurrent(current), matched: true }]
      if (entry.method === 'POST' && conditional && creating.has(conditional)) {
        return [{ entry, id: creating.get(conditional) as string, matched: true }]
      }
      const gone = entry.method === 'PUT' && entry.criteria && deleted.has(key)
      if (entry.method === 'POST' || (entry.method === 'PUT' && (found === undefined || gone))) {
        if (conditional && creating.has(conditional)) throw twice()
        const id = hub.generateId()
        if (conditional) creating.set(conditional, id)
        return [{ entry, id, matched: false }]
      }
      // a conditional delete without a match has nothing to do
      if (found === undefined) return entry.method === 'DELETE' ? [] : missing()
      if (writers.has(key)) throw twice()
      writers.add(key)
      return [{ entry, id: found, ...withCurrent(current), matched: false }]
    })
  )
}

function onlyMatch(matches: ReadonlyMap<string, readonly string[]>, { criteria }: WriteEntry): string | undefined {
  const [id, second] = (criteria && matches.get(criteria.text)) ?? []
  if (second !== undefined) throw severalMatches()
  return id
}

function withCurrent(current: CurrentVersion | undefined): { current?: CurrentVersion } {
  return current ? { current } : {}
}

function twice() {
  return problem(400, 'duplicate', 'Two entries of the bundle write the same resource')
}

function missing(): never {
  throw problem(404, 'not-found', 'There is no such resource to change')
}
