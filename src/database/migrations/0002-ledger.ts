import { type Kysely, sql } from 'kysely'

/** The ledger: links and their bases, observations, intents, conflicts, runs with their books, cursors, inbox, audit. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const content = (table: string, key: string) => [
  `CREATE TABLE ${table} (${key} uuid PRIMARY KEY, content bytea NOT NULL) WITH (toast_tuple_target = 8160)`,
  `ALTER TABLE ${table} ALTER COLUMN content SET STORAGE EXTERNAL`
]

const statements = [
  `CREATE TABLE link (
    id uuid PRIMARY KEY,
    connection text NOT NULL,
    entity text NOT NULL,
    partner_key text,
    state text NOT NULL,
    reason text,
    raw_hash bytea,
    record_hash bytea,
    base_observation uuid,
    mapping_version text,
    changed_at text,
    anchor_type text NOT NULL,
    anchor_id uuid,
    revision int NOT NULL DEFAULT 1,
    due boolean NOT NULL DEFAULT false,
    alternations int NOT NULL DEFAULT 0,
    missing int NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    leased_until bigint NOT NULL DEFAULT 0,
    UNIQUE (connection, entity, partner_key)
  )`,
  'CREATE INDEX link_due ON link (connection) WHERE due',
  `CREATE INDEX link_state ON link (state) WHERE state <> 'active'`,

  `CREATE TABLE link_resource (
    link_id uuid NOT NULL,
    place text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    version int NOT NULL,
    ownership text NOT NULL,
    PRIMARY KEY (link_id, place)
  )`,
  `CREATE UNIQUE INDEX link_resource_owner ON link_resource (resource_id, resource_type) WHERE ownership = 'owned'`,

  `CREATE TABLE observation (
    id uuid PRIMARY KEY,
    link_id uuid NOT NULL,
    run_id uuid,
    at timestamptz NOT NULL,
    origin text NOT NULL,
    record_hash bytea NOT NULL,
    mapping_version text NOT NULL
  )`,
  'CREATE INDEX observation_link ON observation (link_id, at)',
  ...content('observation_content', 'observation_id'),

  `CREATE TABLE intent (
    id uuid PRIMARY KEY,
    link_id uuid NOT NULL,
    call text NOT NULL,
    effect text NOT NULL,
    digest text NOT NULL,
    state text NOT NULL,
    fence bigint NOT NULL,
    planned_at timestamptz NOT NULL,
    sent_at timestamptz,
    deadline timestamptz,
    settled_at timestamptz,
    outcome text
  )`,
  `CREATE UNIQUE INDEX intent_live ON intent (link_id, digest) WHERE state IN ('planned', 'sent', 'unknown', 'parked')`,
  `CREATE INDEX intent_open ON intent (state) WHERE state IN ('planned', 'sent', 'unknown', 'parked')`,
  'CREATE INDEX intent_link ON intent (link_id)',
  ...content('intent_content', 'intent_id'),

  `CREATE TABLE conflict (
    id uuid PRIMARY KEY,
    link_id uuid NOT NULL,
    row text NOT NULL,
    code text NOT NULL,
    state text NOT NULL,
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    resolution text,
    resolved_by text,
    resolved_at timestamptz
  )`,
  `CREATE UNIQUE INDEX conflict_open ON conflict (link_id, row) WHERE state = 'open'`,
  ...content('conflict_content', 'conflict_id'),

  `CREATE TABLE run (
    id uuid PRIMARY KEY,
    connection text NOT NULL,
    entity text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    seen int NOT NULL DEFAULT 0,
    applied int NOT NULL DEFAULT 0,
    unchanged int NOT NULL DEFAULT 0,
    echo int NOT NULL DEFAULT 0,
    merged int NOT NULL DEFAULT 0,
    conflicted int NOT NULL DEFAULT 0,
    parked int NOT NULL DEFAULT 0,
    skipped int NOT NULL DEFAULT 0,
    reasons jsonb NOT NULL DEFAULT '{}',
    error text
  )`,
  'CREATE INDEX run_started ON run (connection, started_at)',
  'CREATE UNLOGGED TABLE run_seen (run_id uuid NOT NULL, link_id uuid NOT NULL)',
  'CREATE INDEX run_seen_run ON run_seen (run_id, link_id)',

  `CREATE TABLE cursor (
    connection text NOT NULL,
    entity text NOT NULL,
    watermark bigint,
    swept_at bigint,
    PRIMARY KEY (connection, entity)
  )`,

  `CREATE TABLE inbox (
    connection text NOT NULL,
    delivery_id text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (connection, delivery_id)
  )`,

  `CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    link_id uuid,
    detail jsonb NOT NULL
  )`,

  'CREATE TABLE lease (name text PRIMARY KEY, holder text NOT NULL, fence bigint NOT NULL, until bigint NOT NULL)'
]
