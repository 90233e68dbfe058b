import { type Kysely, sql } from 'kysely'

/** The hub: resources, their versions, what they are found by, and the claims of conditional creates. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  `CREATE TABLE resource (
    resource_type text NOT NULL,
    id uuid NOT NULL,
    version int NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted boolean NOT NULL,
    search text[] NOT NULL,
    PRIMARY KEY (resource_type, id)
  )`,
  'CREATE INDEX resource_last_updated ON resource (resource_type, last_updated)',
  'CREATE INDEX resource_search ON resource USING gin (search)',

  `CREATE TABLE resource_version (
    resource_type text NOT NULL,
    id uuid NOT NULL,
    version int NOT NULL,
    last_updated timestamptz NOT NULL,
    deleted boolean NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (resource_type, id, version)
  ) WITH (toast_tuple_target = 8160)`,
  // The codec has packed the bytes already: keep them inline up to a page and never try to compress them again.
  'ALTER TABLE resource_version ALTER COLUMN content SET STORAGE EXTERNAL',

  `CREATE TABLE resource_key (
    resource_type text NOT NULL,
    id uuid NOT NULL,
    param text NOT NULL,
    system text NOT NULL,
    value text NOT NULL
  )`,
  'CREATE INDEX resource_key_id ON resource_key (id)',
  'CREATE INDEX resource_key_value ON resource_key (value, resource_type)',

  `CREATE TABLE resource_date (
    resource_type text NOT NULL,
    id uuid NOT NULL,
    param text NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL
  )`,
  'CREATE INDEX resource_date_id ON resource_date (id)',
  'CREATE INDEX resource_date_start ON resource_date (resource_type, param, start)',

  `CREATE TABLE resource_string (
    resource_type text NOT NULL,
    id uuid NOT NULL,
    param text NOT NULL,
    value text NOT NULL
  )`,
  'CREATE INDEX resource_string_id ON resource_string (id)',
  'CREATE INDEX resource_string_value ON resource_string (resource_type, param, value text_pattern_ops)',

  `CREATE TABLE conditional_claim (
    resource_type text NOT NULL,
    criteria text NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (resource_type, criteria)
  )`,
  'CREATE INDEX conditional_claim_id ON conditional_claim (id)'
]
