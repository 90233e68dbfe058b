/**
 * The mapping ledger: what was agreed between each partner record and the resources that it became.
 *
 * - *link*: the tie between one record and its resources
 * - *place*: which resource of a link one is: `episode`, `diagnoses[<case>/<icd id>].condition`
 * - *base*: the record as last agreed; the observation that a link's `baseObservation` names
 * - *observation*: a record as seen at some moment, or as we asked the partner to hold it; append-only
 * - *intent*: a write to a partner, stored before its first byte is sent
 * - *conflict*: one row that waits for a person (or a rule): both sides changed it, or the partner cannot be told
 * - *run*: one pass over a record type of a connection; its *books* balance or it has failed
 * - *cursor*: where the next run begins
 * - *inbox*: webhook deliveries that were answered, each once
 * - *fence*: a number that only grows; whoever holds a link must still hold its fence when writing
 *
 * The verbs are in the files beside this one, each a function of a kysely handle; `ledgerOn` binds them to a transaction.
 */
import type { Kysely } from 'kysely'
import { type BoundVerbs, bindVerbs } from '../database/bind-verbs.ts'
import type { Database } from '../database/tables.ts'
import * as audit from './audit.ts'
import * as conflicts from './conflicts.ts'
import * as cursors from './cursors.ts'
import * as identities from './identities.ts'
import * as inbox from './inbox.ts'
import * as intents from './intents.ts'
import * as leases from './leases.ts'
import * as links from './links.ts'
import * as observations from './observations.ts'
import * as runs from './runs.ts'

const verbs = {
  ...audit,
  ...conflicts,
  ...cursors,
  ...identities,
  ...inbox,
  ...intents,
  ...leases,
  ...links,
  ...observations,
  ...runs
}

/** Everything the engine asks of the ledger. A simulation implements the same in memory. */
export type Ledger = BoundVerbs<typeof verbs>

/** The verbs on a database or a transaction. */
export const ledgerOn = (db: Kysely<Database>): Ledger => bindVerbs(db, verbs)
