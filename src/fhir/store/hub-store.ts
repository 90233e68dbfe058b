import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { claim } from './claim.ts'
import { findBearers } from './find-bearers.ts'
import { findByIdentifiers } from './find-by-identifiers.ts'
import { findReferring } from './find-referring.ts'
import { readResources } from './read-resources.ts'
import { versionsOf } from './versions-of.ts'
import { writeResources } from './write-resources.ts'

const verbs = { claim, findBearers, findByIdentifiers, findReferring, readResources, versionsOf, writeResources }
type Verbs = typeof verbs

type WithoutFirst<F> = F extends (db: Kysely<Database>, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never

/** Everything the sync engine asks of the hub. A simulation implements the same in memory. */
export type HubStore = { readonly [Name in keyof Verbs]: WithoutFirst<Verbs[Name]> }

/** The verbs on a database or a transaction. */
export function hubStoreOn(db: Kysely<Database>): HubStore {
  const bound = Object.entries(verbs).map(([name, verb]) => [
    name,
    (...rest: unknown[]) => (verb as (...all: unknown[]) => unknown)(db, ...rest)
  ])
  return Object.fromEntries(bound) as HubStore
}
