/** The ledger's tables. */
// biome-ignore lint/suspicious/noEmptyInterface: filled in by the ledger's own change
export interface LedgerTables {}
