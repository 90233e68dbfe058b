/** What is missing from a complete listing: gone only when missed twice in a row, and never past the guard. */
import type { Resource } from '@medplum/fhirtypes'
import type { SyncConnection } from './connection.ts'
import type { Engineering } from './pull.ts'
import type { Transaction } from './store.ts'

/** Settles a complete sweep. Returns why a person is asked, when too much is missing at once. */
export async function settleAbsence(engine: Engineering, connection: SyncConnection, entity: string, runId: string): Promise<string | null> {
  const { store, ports } = engine
  return store.transaction(async (tx) => {
    const { unseen, all } = await tx.ledger.unseenLinks(runId, connection.name, entity)
    if (unseen.length === 0) return null
    // a single record can go at any time; a share can go only by a fault on either side
    if (unseen.length > 1 && unseen.length > all * connection.absenceGuard) {
      await tx.ledger.noteAudit([{ at: ports.clock.now(), actor: 'engine', action: 'absence guard', linkId: null, detail: { connection: connection.name, entity, missing: unseen.length, all } }])
      return `${unseen.length} of ${all} records are missing from a complete listing, more than the guard allows: nothing was marked as gone; check the partner's account, then raise absenceGuard for one run if it is true`
    }
    await tx.ledger.countMissing(unseen.map((one) => one.id))
    const gone = unseen.filter((one) => one.missing >= 1).map((one) => one.id)
    if (gone.length > 0) await bury(tx, gone, ports.clock.now())
    return null
  })
}

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
  await tx.ledger.writeLinks([...links.values()].map((link) => ({ ...link, state: 'tombstone', reason: 'absent', baseObservation: null, rawHash: null, recordHash: null, due: false })))
  await tx.ledger.noteAudit(linkIds.map((linkId) => ({ at: now, actor: 'engine', action: 'gone at the partner', linkId, detail: {} })))
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
