/**
 * The crosswalk: which hub Patient and Practitioner the ids of partners mean. It is kept where everybody sees it, as identifiers of
 * those resources; people, imports and EHRs write it, and nothing is ever matched by what two persons have in common.
 */

import { repeatOnCollision } from '../repeat-on-collision.ts'
import type { Store, Transaction } from '../store.ts'
import {
  type Identity,
  type IdentityKind,
  identitiesOf,
  identityTypes,
  isIdentityKind,
  isStub,
  keyOfIdentity,
  lookupOf,
  type Stored
} from './identity.ts'
import { type Deciding, mergeIdentity, withIdentities } from './merge-identity.ts'
import { isOwned, movableOwner, moveOwned } from './move-owned.ts'
import { findReferred } from './referred.ts'
import { replacedBy } from './replaced-by.ts'
import { wakeLinks } from './wake-links.ts'

/** What somebody asserts. */
export interface Assertion {
  readonly connection: string
  /** `practitioner` where only one kind of practitioner has this id, else the kind itself. */
  readonly kind: IdentityKind | 'practitioner'
  readonly partnerId: string
  /** `Patient/<id>`, or an identifier of the resource as `system|value`. */
  readonly reference: string
}

export type Linked =
  | { readonly outcome: 'linked'; readonly reference: string; readonly merged: readonly string[]; readonly rewritten: number }
  | { readonly outcome: 'already-linked'; readonly reference: string }
  | { readonly outcome: 'no-such-resource' | 'ambiguous-identifier' | 'conflict'; readonly message: string }

/** Puts a partner's id on the resource that it means. What the engine made for that id before is merged into it. */
export async function linkIdentity(tx: Transaction, assertion: Assertion, deciding: Deciding): Promise<Linked> {
  const kind = await kindOf(tx, assertion)
  if (typeof kind !== 'string') return kind
  const identity: Identity = { connection: assertion.connection, kind, partnerId: assertion.partnerId }
  const referred = await findReferred(tx, identityTypes[kind], assertion.reference)
  if (!('resource' in referred)) return referred
  const target = referred.resource
  const into = nameOf(target)
  const key = keyOfIdentity(identity)
  const bearers = (await tx.hub.findByIdentifiers([lookupOf(identity)], 'move')).get(key) ?? []
  const others = [
    ...(await tx.hub.readResources(bearers.map((id) => ({ resourceType: target.resourceType, id })))).values()
  ].filter((one) => one.id !== target.id)
  if (others.length === 0 && bearers.length > 0) return { outcome: 'already-linked', reference: into }
  const refused = await refusal(tx, identity, target, others)
  if (refused) return { outcome: 'conflict', message: refused }

  let rewritten = 0
  for (const other of others) {
    const owner = isStub(other) ? undefined : await movableOwner(tx, other, identity)
    rewritten += owner ? await moveOwned(tx, owner, into, deciding) : await mergeIdentity(tx, nameOf(other), into, deciding)
  }
  if (others.length === 0) await addIdentity(tx, identity, target, deciding)
  const detail = { resource: into, connection: identity.connection, kind }
  await tx.ledger.noteAudit([{ at: deciding.now, actor: deciding.actor, action: 'identity linked', linkId: null, detail }])
  return { outcome: 'linked', reference: into, merged: others.map(nameOf), rewritten }
}

async function addIdentity(tx: Transaction, identity: Identity, target: Stored, { now }: Deciding): Promise<void> {
  await tx.hub.writeResources([{ resource: withIdentities(target, [identity]), expected: Number(target.meta?.versionId) }], now)
  await tx.hub.claim([{ resourceType: target.resourceType, criteria: keyOfIdentity(identity), id: target.id }])
  await wakeLinks(tx, nameOf(target))
}

/** Why the id cannot be put on this resource; undefined when it can. */
async function refusal(
  tx: Transaction,
  identity: Identity,
  target: Stored,
  others: readonly Stored[]
): Promise<string | undefined> {
  const into = nameOf(target)
  const newer = replacedBy(target)
  if (newer) return `${into} was replaced by ${newer}: link to that one`
  for (const other of others) {
    if (isStub(other)) continue
    if (!(await movableOwner(tx, other, identity))) {
      return `${nameOf(other)} bears this id already, and somebody has written more into it than the partner: see which one is meant, and unlink the other first`
    }
    if (await isOwned(tx, into))
      return `${into} is already kept in step with another record of the partner: one resource cannot be two ${identity.kind}s`
  }
  const same = identitiesOf(target).find(({ connection, kind }) => connection === identity.connection && kind === identity.kind)
  if (same && identity.kind === 'referring-physician')
    return `${into} is already another ${identity.kind} of ${identity.connection}: one resource cannot be two`
  return undefined
}

async function kindOf(
  tx: Transaction,
  { kind, connection, partnerId }: Assertion
): Promise<IdentityKind | Extract<Linked, { message: string }>> {
  if (kind !== 'practitioner') return kind
  const kinds = Object.keys(identityTypes)
    .filter(isIdentityKind)
    .filter((one) => identityTypes[one] === 'Practitioner')
  const found = await tx.hub.findByIdentifiers(kinds.map((one) => lookupOf({ connection, kind: one, partnerId })))
  const known = kinds.filter((one) => found.has(keyOfIdentity({ connection, kind: one, partnerId })))
  const [only, second] = known
  if (only && !second) return only
  return {
    outcome: 'ambiguous-identifier',
    message: `a practitioner of ${connection} can have this id as ${kinds.join(' or as ')}: say which as the kind`
  }
}

/** Runs an assertion in a transaction of its own, again when it met another one. */
export async function linkAlone(store: Store, assertion: Assertion, deciding: Deciding): Promise<Linked> {
  return repeatOnCollision(() => store.transaction((tx) => linkIdentity(tx, assertion, deciding)))
}

/** Links one by one; what became of each, in the same order. One that cannot be linked keeps no other from being linked. */
export async function importIdentities(store: Store, rows: readonly Assertion[], deciding: Deciding): Promise<Linked[]> {
  const results: Linked[] = []
  for (const row of rows) results.push(await linkAlone(store, row, deciding))
  return results
}

const nameOf = ({ resourceType, id }: Stored): string => `${resourceType}/${id}`
