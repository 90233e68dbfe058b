/** What the sync engine needs to be kept: hub, ledger and job queue, all in one transaction. */
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type HubStore, hubStoreOn } from '../fhir/store/hub-store.ts'
import type { Jobs } from '../jobs.ts'
import { type Ledger, ledgerOn } from '../ledger/ledger.ts'

export interface Transaction {
  readonly hub: HubStore
  readonly ledger: Ledger
  /** Asks that a link be worked, once this transaction commits. */
  workLater(linkId: string): Promise<void>
}

/** A store runs work in transactions that are all or nothing; a simulation has its own in memory. */
export interface Store {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Reads without a transaction. */
  readonly ledger: Ledger
  readonly hub: HubStore
}

export function postgresStore(db: Kysely<Database>, jobs: Pick<Jobs, 'send'>): Store {
  return {
    ledger: ledgerOn(db),
    hub: hubStoreOn(db),
    transaction: (work) =>
      db
        .transaction()
        .execute((tx) => work({ hub: hubStoreOn(tx), ledger: ledgerOn(tx), workLater: (linkId) => jobs.send(tx, linkId) }))
  }
}
