/** A record that was gone, whose resources were entered in error, and that the partner has again: a person says what holds. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, Piece } from '#mapping'
import type { ConflictContent } from '../ledger/conflicts.ts'
import type { Link } from '../ledger/links.ts'
import type { HubSide } from './reconcile.ts'

export const reappeared = 'reappeared'
/** Decided: what is in FHIR stays entered in error. */
export const keptInError = 'kept-in-error'

export const isBack = (link: Link | undefined): link is Link =>
  link !== undefined && (link.state === 'tombstone' || (link.state === 'parked' && link.reason === reappeared))

/** The conflict of the whole record, in the place of its anchor. */
export function returnConflict(bound: BoundEntity): ConflictContent {
  const message = 'was gone at the partner and is there again, while FHIR says that it was entered in error'
  return {
    from: bound.entity.name,
    to: bound.anchor.mapping.resourceType,
    message,
    base: undefined,
    partner: undefined,
    hub: undefined
  }
}

/** The link's resources without what said that they were entered in error. */
export function reinstated(hub: ReadonlyMap<string, HubSide>, pieces: readonly Piece[]): Map<string, HubSide> {
  const made = new Map(pieces.map((piece) => [piece.place, piece.resource]))
  return new Map(
    [...hub].map(([place, { reference, resource }]) => [
      place,
      { reference, resource: resource && withoutError(resource, made.get(place)) }
    ])
  )
}

function withoutError<T extends Resource>(resource: T, made: Resource | undefined): T {
  if (resource.resourceType === 'Condition') {
    const { verificationStatus, ...rest } = resource
    if (!verificationStatus?.coding?.some(({ code }) => code === 'entered-in-error')) return resource
    const clinicalStatus = made?.resourceType === 'Condition' ? made.clinicalStatus : undefined
    return { ...rest, ...(clinicalStatus && { clinicalStatus: structuredClone(clinicalStatus) }) } as unknown as T
  }
  if (!('status' in resource) || resource.status !== 'entered-in-error') return resource
  const { status: _, ...rest } = resource
  return rest as unknown as T
}
