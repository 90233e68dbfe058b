/** What applying a batch of records needs to know, and what it collects to be written at its end. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, Rule } from '#mapping'
import type { AuditEntry } from '../ledger/audit.ts'
import type { LinkResource, LinkWrite } from '../ledger/links.ts'
import type { Observation, Origin } from '../ledger/observations.ts'
import type { NewId } from '../ports.ts'
import type { Writable } from './decide.ts'

/** A resource as the hub keeps it. */
export type Stored = Resource & { id: string }

export interface ApplyContext {
  readonly connection: string
  readonly bound: BoundEntity
  readonly writable: Writable
  readonly rules?: Readonly<Record<string, Rule>>
  readonly newId: NewId
  readonly now: number
  readonly runId: string | null
  readonly origin: Origin
  /** Who asked for it, for the audit. */
  readonly actor: string
  /** Whether the caller tells the partner itself; otherwise links with something to tell are worked later. */
  readonly tells: boolean
  /** Nothing is kept of this: the results note what else would be written. */
  readonly dryRun?: boolean
}

export interface Writes {
  readonly resources: Map<string, { resource: Stored; expected: number | 'new' }>
  readonly claims: { resourceType: string; criteria: string; id: string }[]
  readonly links: LinkWrite[]
  readonly places: Omit<LinkResource, 'version'>[]
  readonly forgotten: { linkId: string; place: string }[]
  readonly observations: Observation[]
  readonly audit: AuditEntry[]
}
