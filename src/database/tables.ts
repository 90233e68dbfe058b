import type { HubTables } from '../fhir/tables.ts'
import type { LedgerTables } from '../ledger/tables.ts'

/** Every table that the engine's queries name, as kysely sees them. */
export interface Database extends HubTables, LedgerTables {}
