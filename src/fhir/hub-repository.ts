import { allOk, created, formatSearchQuery, type Operation, type SearchRequest, type WithId } from '@medplum/core'
import {
  type CreateResourceOptions,
  FhirRepository,
  type ReadHistoryOptions,
  type UpdateResourceOptions
} from '@medplum/fhir-router'
import type { Bundle, OperationOutcome, Parameters, Reference, Resource } from '@medplum/fhirtypes'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Clock, NewId, Random } from '../ports.ts'
import { type Criteria, claimable, matchAll, readCriteria } from './criteria.ts'
import { historyBundle } from './history-bundle.ts'
import { KeyQueue } from './key-queue.ts'
import { patched, readPatch } from './patch.ts'
import { badRequest, gone, notFound, problem, severalMatches, unknownType, versionMismatch } from './problem.ts'
import { sameContent } from './same-content.ts'
import { parsePairs, parseQuery } from './search/parse-query.ts'
import type { SearchQuery } from './search/query.ts'
import { runSearch } from './search/run-search.ts'
import { searchParameters } from './search-parameters.ts'
import { serializable } from './serializable.ts'
import { readHistory, readVersion } from './store/read-history.ts'
import { readResources } from './store/read-resources.ts'
import { refKey } from './store/resource-ref.ts'
import { versionsOf } from './store/versions-of.ts'
import { type Change, type Decided, type OnWrite, writeChanges } from './store/write-changes.ts'
import { TransactionGate } from './transaction-gate.ts'
import { requireValid } from './validate.ts'

export interface HubOptions {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly newId: NewId
  /** Spreads the tries of colliding transactions; without it they wait for fixed times. */
  readonly random?: Random
  /** Called inside the transaction of every write that comes in through REST. */
  readonly onWrite?: OnWrite
}

/**
 * The hub as the FHIR world sees it: single interactions on resources, validated, versioned, each in a transaction of its own. Sync
 * writes thousands at a time through `store/write-resources.ts` instead.
 */
export class HubRepository extends FhirRepository {
  readonly options: Required<Omit<HubOptions, 'onWrite'>> & Pick<HubOptions, 'onWrite'>
  readonly #order: { readonly queue: KeyQueue; readonly gate: TransactionGate }

  constructor(options: HubOptions, order = { queue: new KeyQueue(), gate: new TransactionGate() }) {
    super()
    this.options = { random: () => 0.5, ...options }
    this.#order = order
  }

  get db(): Kysely<Database> {
    return this.options.db
  }

  override setMode(): void {}

  override generateId(): string {
    return this.options.newId()
  }

  /** Runs in a serializable transaction that is repeated when it collides; work on the same keys waits in line. Re-entrant. */
  override withTransaction<T>(
    callback: (repository: this) => Promise<T>,
    _options?: unknown,
    keys: Iterable<string> = []
  ): Promise<T> {
    if (this.db.isTransaction) return callback(this)
    return serializable({ ...this.options, ...this.#order }, keys, (tx) =>
      callback(new HubRepository({ ...this.options, db: tx }, this.#order) as this)
    )
  }

  /** Writes what was decided inside `withTransaction`. */
  write(decided: Partial<Decided>): Promise<Map<string, Change>> {
    const { db, clock, onWrite } = this.options
    if (!db.isTransaction) throw new Error('Decide and write in one transaction: call withTransaction')
    return writeChanges(db as Transaction<Database>, { writes: [], deletes: [], ...decided }, clock.now(), onWrite)
  }

  override async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    requireStored(resource.resourceType)
    requireValid(resource)
    const id = (options?.assignedId && resource.id) || this.generateId()
    return this.withTransaction((hub) => hub.#save({ ...resource, id }, 'new'))
  }

  override async readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    requireStored(resourceType)
    const found = await readResources(this.db, [{ resourceType, id }])
    const resource = found.get(`${resourceType}/${id}`)
    if (resource) return resource as unknown as WithId<T>
    throw (await versionsOf(this.db, [{ resourceType, id }])).size > 0 ? gone() : notFound()
  }

  override async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [resourceType = '', id = '', ...more] = reference.reference?.split('/') ?? []
    if (more.length > 0) throw badRequest('Not a reference to a resource of this server')
    return this.readResource(resourceType, id)
  }

  override async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    const refs = references.map(({ reference }) => {
      const [resourceType = '', id = ''] = reference?.split('/') ?? []
      return { resourceType, id }
    })
    const found = await readResources(this.db, refs)
    return refs.map((ref) => (found.get(refKey(ref)) as T | undefined) ?? notFound())
  }

  override async readHistory<T extends Resource>(
    resourceType: string,
    id: string,
    options?: ReadHistoryOptions
  ): Promise<Bundle<WithId<T>>> {
    const { limit = 50, offset = 0 } = options ?? {}
    const versions = await readHistory(this.db, { resourceType, id }, Math.min(limit, 200) + offset)
    if (versions.length === 0) throw notFound()
    return historyBundle(versions.slice(offset)) as Bundle<WithId<T>>
  }

  override async readVersion<T extends Resource>(resourceType: string, id: string, vid: string): Promise<WithId<T>> {
    const found = /^[1-9]\d{0,8}$/.test(vid) ? await readVersion(this.db, { resourceType, id }, Number(vid)) : undefined
    if (!found) throw notFound()
    if (found.deleted) throw gone()
    return found.resource as unknown as WithId<T>
  }

  override async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    return (await this.update(resource, options)).resource
  }

  /** An update, and whether it brought a deleted resource back. */
  async update<T extends Resource>(
    resource: T,
    options?: UpdateResourceOptions
  ): Promise<{ resource: WithId<T>; created: boolean }> {
    const { resourceType, id } = resource
    requireStored(resourceType)
    if (!id) throw badRequest('An update names the resource by its id', `${resourceType}.id`)
    requireValid(resource)
    return this.withTransaction(
      async (hub) => {
        const current = (await versionsOf(hub.db, [{ resourceType, id }])).get(`${resourceType}/${id}`)
        if (!current)
          throw problem(405, 'not-supported', 'Ids are given by this server: create the resource, or update it conditionally')
        requireVersion(options?.ifMatch, current.version)
        return { resource: await hub.#save({ ...resource, id }, current.version), created: current.deleted }
      },
      undefined,
      [`${resourceType}/${id}`]
    )
  }

  override async patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions
  ): Promise<WithId<T>> {
    const operations = readPatch(patch)
    return this.withTransaction(
      async (hub) => {
        const current = await hub.readResource<T>(resourceType, id)
        const version = Number(current.meta?.versionId)
        requireVersion(options?.ifMatch, version)
        const next = patched(current, operations)
        requireValid(next)
        return hub.#save(next, version)
      },
      undefined,
      [`${resourceType}/${id}`]
    )
  }

  override async deleteResource(resourceType: string, id: string, options?: { ifMatch?: string }): Promise<void> {
    requireStored(resourceType)
    await this.withTransaction(
      async (hub) => {
        const current = (await versionsOf(hub.db, [{ resourceType, id }])).get(`${resourceType}/${id}`)
        if (!current) throw notFound()
        if (current.deleted) return
        requireVersion(options?.ifMatch, current.version)
        await hub.write({ deletes: [{ resourceType, id, expected: current.version }] })
      },
      undefined,
      [`${resourceType}/${id}`]
    )
  }

  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    return (await this.find(parseQuery(request.resourceType, parsePairs(formatSearchQuery(request).slice(1))))) as Bundle<
      WithId<T>
    >
  }

  find(query: SearchQuery): Promise<Bundle> {
    return runSearch(this.db, query)
  }

  override async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    field: string,
    references: string[]
  ): Promise<Record<string, WithId<T>[]>> {
    const pairs = parsePairs(formatSearchQuery(request).slice(1))
    const found = references.map(async (reference) => {
      const bundle = await this.find(parseQuery(request.resourceType, [...pairs, [field, reference]]))
      return [reference, (bundle.entry ?? []).map((entry) => entry.resource as WithId<T>)] as const
    })
    return Object.fromEntries(await Promise.all(found))
  }

  override conditionalCreate<T extends Resource>(resource: T, search: SearchRequest<T>, options?: CreateResourceOptions) {
    return this.createUnless(resource, criteriaOfRequest(search), options)
  }

  /** Creates unless something matches; of many who try at the same time one creates and the others get what it created. */
  async createUnless<T extends Resource>(
    resource: T,
    conditions: Criteria,
    options?: CreateResourceOptions
  ): Promise<Outcome<T>> {
    const criteria = claimable(conditions)
    if (criteria.key.resourceType !== resource.resourceType) throw badRequest('The criteria are about another resource type')
    requireValid(resource)
    return this.withTransaction(
      async (hub) => {
        const match = await hub.#onlyMatch(criteria)
        if (match) return { resource: await hub.readResource<T>(resource.resourceType, match), outcome: allOk }
        const id = (options?.assignedId && resource.id) || hub.generateId()
        return { resource: await hub.#save({ ...resource, id }, 'new', criteria.text), outcome: created }
      },
      undefined,
      [criteria.text]
    )
  }

  override conditionalUpdate<T extends Resource>(
    resource: T,
    search: SearchRequest,
    options?: CreateResourceOptions & UpdateResourceOptions
  ) {
    return this.updateMatch(resource, criteriaOfRequest(search), options)
  }

  /** Updates what matches, or creates it. */
  async updateMatch<T extends Resource>(resource: T, conditions: Criteria, options?: UpdateResourceOptions): Promise<Outcome<T>> {
    const criteria = claimable(conditions)
    if (criteria.key.resourceType !== resource.resourceType) throw badRequest('The criteria are about another resource type')
    requireValid(resource)
    return this.withTransaction(
      async (hub) => {
        const match = await hub.#onlyMatch(criteria)
        if (resource.id && resource.id !== match)
          throw badRequest('The id is not that of the match', `${resource.resourceType}.id`)
        if (match) return { resource: await hub.updateResource({ ...resource, id: match }, options), outcome: allOk }
        if (options?.ifMatch) throw versionMismatch()
        return { resource: await hub.#save({ ...resource, id: hub.generateId() }, 'new', criteria.text), outcome: created }
      },
      undefined,
      [criteria.text]
    )
  }

  override conditionalDelete(search: SearchRequest): Promise<void> {
    return this.deleteMatch(criteriaOfRequest(search))
  }

  async deleteMatch(criteria: Criteria): Promise<void> {
    await this.withTransaction(async (hub) => {
      const match = await hub.#onlyMatch(criteria)
      if (match) await hub.deleteResource(criteria.query.resourceType, match)
    })
  }

  override async conditionalPatch(
    search: SearchRequest,
    patch: Operation[],
    options?: UpdateResourceOptions
  ): Promise<WithId<Resource>> {
    return this.patchMatch(criteriaOfRequest(search), patch, options)
  }

  async patchMatch(
    criteria: Criteria,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions
  ): Promise<WithId<Resource>> {
    return this.withTransaction(async (hub) => {
      const match = await hub.#onlyMatch(criteria)
      if (!match) throw notFound()
      return hub.patchResource(criteria.query.resourceType as Resource['resourceType'], match, patch, options)
    })
  }

  async #onlyMatch(criteria: Criteria): Promise<string | undefined> {
    const [match, second] = (await matchAll(this.db, [criteria])).get(criteria.text) ?? []
    if (second !== undefined) throw severalMatches()
    return match
  }

  async #save<T extends Resource>(resource: T & { id: string }, expected: number | 'new', claims?: string): Promise<WithId<T>> {
    if (expected !== 'new') {
      const current = (await readResources(this.db, [resource])).get(refKey(resource))
      if (current && sameContent(current, resource)) return current as unknown as WithId<T>
    }
    const changes = await this.write({ writes: [{ resource, expected, ...(claims ? { claims } : {}) }] })
    return changes.get(refKey(resource))?.resource as unknown as WithId<T>
  }
}

interface Outcome<T extends Resource> {
  resource: WithId<T>
  outcome: OperationOutcome
}

export function requireStored(resourceType: string): void {
  if (!searchParameters.has(resourceType)) throw unknownType()
}

/** `If-Match` names the version that the writer has seen. */
export function requireVersion(ifMatch: string | undefined, version: number): void {
  if (ifMatch !== undefined && ifMatch !== String(version)) throw versionMismatch()
}

function criteriaOfRequest(search: SearchRequest): Criteria {
  const { count: _, sortRules: __, ...condition } = search
  return readCriteria(search.resourceType, formatSearchQuery(condition as SearchRequest))
}
