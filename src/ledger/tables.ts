import type { Generated } from 'kysely'

/** The ledger's tables, as kysely sees them. What every run reads is narrow; content lies in tables of its own, as bytes. */
export interface LedgerTables {
  link: LinkTable
  link_resource: LinkResourceTable
  observation: ObservationTable
  observation_content: { observation_id: string; content: Buffer }
  intent: IntentTable
  intent_content: { intent_id: string; content: Buffer }
  conflict: ConflictTable
  conflict_content: { conflict_id: string; content: Buffer }
  run: RunTable
  run_seen: { run_id: string; link_id: string }
  cursor: CursorTable
  inbox: InboxTable
  audit: AuditTable
  lease: LeaseTable
}

interface LinkTable {
  id: string
  connection: string
  entity: string
  /** The partner's id of the record; null while the record exists in FHIR only. */
  partner_key: string | null
  state: string
  /** Why a link waits or is parked: a code, never content. */
  reason: string | null
  /** SHA-256 of the record's bytes as they came, and of its canonical JSON. */
  raw_hash: Buffer | null
  record_hash: Buffer | null
  base_observation: string | null
  mapping_version: string | null
  /** When the copy that speaks for a nested record last changed at the partner. */
  changed_at: string | null
  anchor_type: string
  anchor_id: string | null
  /** Counts every change of the row, so that a writer notices another one. */
  revision: number
  due: boolean
  /** Hub writes of the engine and of EHRs in turn, without rest: the fuse. */
  alternations: number
  /** Complete listings in a row that the record was missing from. */
  missing: number
  fence: number
  leased_until: number
}

interface LinkResourceTable {
  link_id: string
  place: string
  resource_type: string
  resource_id: string
  /** The hub's version when both sides last agreed. */
  version: number
  ownership: string
}

interface ObservationTable {
  id: string
  link_id: string
  run_id: string | null
  at: Date
  /** `listed`, `read`, `nested`, `sent` (what we asked the partner to hold). */
  origin: string
  record_hash: Buffer
  mapping_version: string
}

interface IntentTable {
  id: string
  link_id: string
  call: string
  effect: string
  /** Digest of what is to be done: one live intent per link and digest. */
  digest: string
  state: string
  fence: number
  planned_at: Date
  sent_at: Date | null
  deadline: Date | null
  settled_at: Date | null
  /** A code: the partner's, or ours. */
  outcome: string | null
}

interface ConflictTable {
  id: string
  link_id: string
  /** `<place>.<element path>`. */
  row: string
  code: string
  state: string
  opened_at: Date
  changed_at: Date
  /** `partner`, `fhir` or `value`, once a person or a rule decided. */
  resolution: string | null
  resolved_by: string | null
  resolved_at: Date | null
}

interface RunTable {
  id: string
  connection: string
  entity: string
  kind: string
  state: string
  started_at: Date
  finished_at: Date | null
  seen: number
  applied: number
  unchanged: number
  echo: number
  merged: number
  conflicted: number
  parked: number
  skipped: number
  /** Reason → count. */
  reasons: unknown
  error: string | null
}

interface CursorTable {
  connection: string
  entity: string
  /** Milliseconds: the start of the last run that was complete and in balance. */
  watermark: number | null
  swept_at: number | null
}

interface InboxTable {
  connection: string
  delivery_id: string
  received_at: Date
}

interface AuditTable {
  seq: Generated<number>
  at: Date
  actor: string
  action: string
  link_id: string | null
  /** Codes and row names, never values. */
  detail: unknown
}

interface LeaseTable {
  name: string
  holder: string
  fence: number
  until: number
}
