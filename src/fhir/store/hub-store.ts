import type { Kysely } from 'kysely'
import { type BoundVerbs, bindVerbs } from '../../database/bind-verbs.ts'
import type { Database } from '../../database/tables.ts'
import { claim } from './claim.ts'
import { findBearers } from './find-bearers.ts'
import { findByIdentifiers } from './find-by-identifiers.ts'
import { findReferring } from './find-referring.ts'
import { readResources } from './read-resources.ts'
import { versionsOf } from './versions-of.ts'
import { writeResources } from './write-resources.ts'

const verbs = { claim, findBearers, findByIdentifiers, findReferring, readResources, versionsOf, writeResources }

/** Everything the sync engine asks of the hub. A simulation implements the same in memory. */
export type HubStore = BoundVerbs<typeof verbs>

/** The verbs on a database or a transaction. */
export const hubStoreOn = (db: Kysely<Database>): HubStore => bindVerbs(db, verbs)
