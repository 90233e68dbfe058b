/** Takes an assertion back: the partner's id goes from the EHR's resource to a stub, and what came from the partner goes with it. */
import type { Patient } from '@medplum/fhirtypes'
import { type BoundEntity, partnerUrl, toFhir } from '#mapping'
import type { NewId } from '../../ports.ts'
import type { Transaction } from '../store.ts'
import {
  type Identity,
  identifierOf,
  identityOf,
  identityTypes,
  isStub,
  keyOfIdentity,
  lookupOf,
  refOf,
  type Stored
} from './identity.ts'
import { type Deciding, rewriteReferences } from './merge-identity.ts'
import { meetAgain } from './move-owned.ts'
import { wakeLinks } from './wake-links.ts'

export type Unlinked =
  | { readonly outcome: 'unlinked'; readonly reference: string; readonly stub: string; readonly rewritten: number }
  | { readonly outcome: 'not-linked' | 'ambiguous'; readonly message: string }

export interface Unlinking extends Deciding {
  readonly newId: NewId
  /** Which partner a connection is an account at. */
  readonly partnerOf: (connection: string) => string
  readonly boundOf: (link: { readonly connection: string; readonly entity: string }) => BoundEntity | undefined
}

export async function unlinkIdentity(tx: Transaction, identity: Identity, unlinking: Unlinking): Promise<Unlinked> {
  const { now, actor, newId, partnerOf } = unlinking
  const resourceType = identityTypes[identity.kind]
  const [id, second] = (await tx.hub.findByIdentifiers([lookupOf(identity)], 'move')).get(keyOfIdentity(identity)) ?? []
  if (second !== undefined)
    return {
      outcome: 'ambiguous',
      message: `several ${resourceType}s bear this id: take the identifier off the wrong ones in FHIR`
    }
  const reference = `${resourceType}/${id}`
  const before = id === undefined ? undefined : (await tx.hub.readResources([{ resourceType, id }])).get(reference)
  if (!before || isStub(before))
    return {
      outcome: 'not-linked',
      message: before ? `${reference} is only a stub: nobody has said who it is` : 'no resource of the hub bears this id'
    }

  const stub = {
    resourceType,
    id: newId(),
    meta: { source: partnerUrl(partnerOf(identity.connection)) },
    identifier: [identifierOf(identity)]
  } as Stored
  const into = `${resourceType}/${stub.id}`
  const links = await linksAbout(tx, identity, reference, unlinking)
  const own = await ownedBy(tx, links, reference)
  await tx.hub.writeResources([{ resource: stub, expected: 'new' }], now)
  const { rewritten } = await rewriteReferences(tx, own, reference, into, now, [
    { before, after: withoutIdentity(before, identity) }
  ])
  await tx.ledger.movePlaces(links, refOf(reference), refOf(into), 1)
  await tx.hub.claim([{ resourceType, criteria: keyOfIdentity(identity), id: stub.id }])
  for (const owner of await tx.ledger.ownersOf([refOf(into)])) await meetAgain(tx, owner.linkId)
  const { connection, kind } = identity
  await tx.ledger.noteAudit([
    {
      at: now,
      actor,
      action: 'identity unlinked',
      linkId: null,
      detail: { resource: reference, stub: into, connection, kind, rewritten: rewritten.length }
    }
  ])
  await wakeLinks(tx, reference)
  return { outcome: 'unlinked', reference, stub: into, rewritten: rewritten.length }
}

/** The links whose records mean this identity: those of the connection that have the resource in the place of that key. */
async function linksAbout(tx: Transaction, identity: Identity, reference: string, { boundOf }: Unlinking): Promise<string[]> {
  const owners = await tx.ledger.ownersOf([refOf(reference), ...(await tx.hub.findReferring(refOf(reference)))])
  const links = [...(await tx.ledger.readLinks([...new Set(owners.map(({ linkId }) => linkId))])).values()].filter(
    ({ connection }) => connection === identity.connection
  )
  const bases = await tx.ledger.recordsOf(links.flatMap(({ baseObservation }) => baseObservation ?? []))
  const key = keyOfIdentity(identity)
  return links
    .filter((link) => {
      const bound = boundOf(link)
      const base = link.baseObservation === null ? undefined : bases.get(link.baseObservation)
      if (!bound || base === undefined) return false
      const { pieces } = toFhir(bound, base)
      return pieces.some((piece) => piece.key === key || JSON.stringify(piece.resource).includes(JSON.stringify(key)))
    })
    .map(({ id }) => id)
    .sort()
}

/** The resources that these links own, but for the one that loses the id. */
async function ownedBy(tx: Transaction, links: readonly string[], reference: string) {
  const places = (await tx.ledger.resourcesOfLinks(links)).filter(({ ownership }) => ownership === 'owned')
  return places
    .map(({ resourceType, resourceId }) => ({ resourceType, id: resourceId }))
    .filter((one) => `${one.resourceType}/${one.id}` !== reference)
}

function withoutIdentity(resource: Stored, identity: Identity): Stored {
  const { identifier = [], ...rest } = resource as Stored & Patient
  const kept = identifier.filter(({ system, value }) => {
    const one = identityOf(resource.resourceType, system, value)
    return !one || keyOfIdentity(one) !== keyOfIdentity(identity)
  })
  return { ...rest, ...(kept.length > 0 && { identifier: kept }) } as Stored
}
