/** What is missing from a complete listing: gone only when missed twice in a row, and never past the guard. */
import type { Resource } from '@medplum/fhirtypes'
import { recordTypeOf, type SyncConnection } from './connection.ts'
import type { EngineContext } from './engine-context.ts'
import type { Transaction } from './store.ts'

/** So many records are read one by one before they are called gone; what is above waits for the next sweep. */
const confirmedAtOnce = 200

/**
 * Those records missing for the second time of which the partner says, asked for each by its key, that it has them no more. Pages
 * move when a record goes while they are read, so a listing alone can miss one that is there.
 */
export async function confirmAbsence(
  engine: EngineContext,
  connection: SyncConnection,
  entity: string,
  runId: string
): Promise<Set<string>> {
  const { ledger } = engine.store
  const { unseen, all } = await ledger.unseenLinks(runId, connection.name, entity)
  const read = recordTypeOf(connection, entity)?.read
  const again = unseen.filter((one) => one.missing >= 1).map((one) => one.id)
  if (!read || tooMany(unseen.length, all, connection)) return new Set(again)
  const gone = new Set<string>()
  for (const { id, partnerKey } of (await ledger.readLinks(again.slice(0, confirmedAtOnce))).values()) {
    const answer = await connection.client.call(read.call, { path: read.path(partnerKey as string) })
    if (answer.kind === 'rejected' && answer.status === 404) gone.add(id)
  }
  return gone
}

/** Settles a complete sweep. Returns why a person is asked, when too much is missing at once. */
export async function settleAbsence(
  tx: Transaction,
  connection: SyncConnection,
  entity: string,
  runId: string,
  gone: ReadonlySet<string>,
  now: number
): Promise<string | null> {
  const { unseen, all } = await tx.ledger.unseenLinks(runId, connection.name, entity)
  if (unseen.length === 0) return null
  if (tooMany(unseen.length, all, connection)) {
    await tx.ledger.noteAudit([
      {
        at: now,
        actor: 'engine',
        action: 'absence guard',
        linkId: null,
        detail: { connection: connection.name, entity, missing: unseen.length, all }
      }
    ])
    return `${unseen.length} of ${all} records are missing from a complete listing, more than the guard allows: nothing was marked as gone; check the partner's account, then raise absenceGuard for one run if it is true`
  }
  await tx.ledger.countMissing(unseen.map((one) => one.id))
  const buried = unseen.filter((one) => one.missing >= 1 && gone.has(one.id)).map((one) => one.id)
  if (buried.length > 0) await bury(tx, buried, now)
  return null
}

/** A single record can go at any time; a share can go only by a fault on either side. */
const tooMany = (missing: number, all: number, { absenceGuard }: SyncConnection) => missing > 1 && missing > all * absenceGuard

/** Marks links as tombstones and their resources as entered in error; nothing is deleted. */
async function bury(tx: Transaction, linkIds: readonly string[], now: number): Promise<void> {
  const links = await tx.ledger.lockLinks(linkIds)
  const places = (await tx.ledger.resourcesOfLinks(linkIds)).filter((one) => one.ownership === 'owned')
  const resources = await tx.hub.readResources(places.map((one) => ({ resourceType: one.resourceType, id: one.resourceId })))
  const writes = [...resources.values()].flatMap((resource) => {
    const wrong = enteredInError(resource)
    return wrong ? [{ resource: wrong, expected: Number(resource.meta?.versionId) }] : []
  })
  await tx.hub.writeResources(writes, now)
  await tx.ledger.writeLinks(
    [...links.values()].map((link) => ({
      ...link,
      state: 'tombstone',
      reason: 'absent',
      baseObservation: null,
      rawHash: null,
      recordHash: null,
      due: false
    }))
  )
  await tx.ledger.noteAudit(
    linkIds.map((linkId) => ({ at: now, actor: 'engine', action: 'gone at the partner', linkId, detail: {} }))
  )
}

/** A copy that says the resource should not have been there, or undefined for types that cannot say so. */
function enteredInError<T extends Resource & { id: string }>(resource: T): T | undefined {
  switch (resource.resourceType) {
    case 'Condition': {
      // con-5: a condition entered in error has no clinical status
      const { clinicalStatus: _, ...rest } = resource
      const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'entered-in-error' }]
      return { ...rest, verificationStatus: { coding } } as T
    }
    case 'EpisodeOfCare':
    case 'Account':
    case 'Coverage':
    case 'Composition':
    case 'Encounter':
    case 'Procedure':
    case 'DocumentReference':
      return { ...resource, status: 'entered-in-error' }
    default:
      return undefined
  }
}
