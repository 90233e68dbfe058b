import { type Kysely, sql } from 'kysely'
import { decodeContent, encodeContent } from '../database/content-codec.ts'
import type { Database } from '../database/tables.ts'

export type IntentState = 'planned' | 'sent' | 'applied' | 'rejected' | 'unknown' | 'adopted' | 'parked' | 'verified' | 'given-up'

export interface Intent {
  readonly id: string
  readonly linkId: string
  readonly call: string
  readonly effect: string
  readonly digest: string
  readonly state: IntentState
  readonly fence: number
  readonly plannedAt: number
  readonly sentAt: number | null
  readonly outcome: string | null
}

/** What an intent is about: the request's body, the record that the partner should then hold, and the partner's own words if it refused. */
export interface IntentContent {
  readonly body: unknown
  readonly record: unknown
  readonly said?: string | undefined
}

type Db = Kysely<Database>

const columns = ['id', 'link_id', 'call', 'effect', 'digest', 'state', 'fence', 'planned_at', 'sent_at', 'outcome'] as const

interface Row {
  id: string
  link_id: string
  call: string
  effect: string
  digest: string
  state: string
  fence: number
  planned_at: Date
  sent_at: Date | null
  outcome: string | null
}

const intentOf = (row: Row): Intent => ({
  id: row.id,
  linkId: row.link_id,
  call: row.call,
  effect: row.effect,
  digest: row.digest,
  state: row.state as IntentState,
  fence: row.fence,
  plannedAt: row.planned_at.getTime(),
  sentAt: row.sent_at?.getTime() ?? null,
  outcome: row.outcome
})

/** Stores an intent as about to be sent. Nothing goes to a partner without this row. */
export async function planIntent(
  db: Db,
  intent: Pick<Intent, 'id' | 'linkId' | 'call' | 'effect' | 'digest' | 'fence'> & {
    readonly at: number
    readonly deadline: number
    readonly content: IntentContent
  }
): Promise<void> {
  await db
    .insertInto('intent')
    .values({
      id: intent.id,
      link_id: intent.linkId,
      call: intent.call,
      effect: intent.effect,
      digest: intent.digest,
      state: 'sent',
      fence: intent.fence,
      planned_at: new Date(intent.at),
      sent_at: new Date(intent.at),
      deadline: new Date(intent.deadline)
    })
    .execute()
  await db
    .insertInto('intent_content')
    .values({ intent_id: intent.id, content: encodeContent(intent.content) })
    .execute()
}

export async function settleIntent(
  db: Db,
  id: string,
  state: IntentState,
  outcome: string | null,
  at: number,
  said?: string
): Promise<void> {
  await db
    .updateTable('intent')
    .set({ state, outcome, settled_at: new Date(at) })
    .where('id', '=', id)
    .execute()
  if (said === undefined) return
  const content = await intentContent(db, id)
  await db
    .updateTable('intent_content')
    .set({ content: encodeContent({ ...content, said }) })
    .where('intent_id', '=', id)
    .execute()
}

/** Intents of a link that are not settled. */
export async function liveIntents(db: Db, linkId: string): Promise<Intent[]> {
  const rows = await db
    .selectFrom('intent')
    .select(columns)
    .where('link_id', '=', linkId)
    .where('state', 'in', ['planned', 'sent', 'unknown', 'parked'])
    .orderBy('planned_at')
    .execute()
  return rows.map(intentOf)
}

/** Which of these links have a write whose outcome is not settled. */
export async function linksInFlight(db: Db, linkIds: readonly string[]): Promise<Set<string>> {
  if (linkIds.length === 0) return new Set()
  const rows = await db
    .selectFrom('intent')
    .select('link_id')
    .where('state', 'in', ['planned', 'sent', 'unknown'])
    .where(sql<boolean>`link_id = any(${linkIds}::uuid[])`)
    .execute()
  return new Set(rows.map((row) => row.link_id))
}

/** Marks the links whose worker died, or lost its lease, in the middle of a write: the next one settles it. */
export async function markAbandonedDue(db: Db, connection: string, now: number): Promise<void> {
  await sql`
    UPDATE link SET due = true, revision = revision + 1
    WHERE connection = ${connection} AND NOT due AND leased_until <= ${now} AND state <> 'tombstone'
      AND id IN (SELECT link_id FROM intent WHERE state IN ('planned', 'sent', 'unknown'))
  `.execute(db)
}

export async function intentsOf(db: Db, linkId: string): Promise<Intent[]> {
  const rows = await db.selectFrom('intent').select(columns).where('link_id', '=', linkId).orderBy('planned_at').execute()
  return rows.map(intentOf)
}

/** All intents in a state, with the connection and entity of their links. */
export async function intentsInState(
  db: Db,
  states: readonly IntentState[]
): Promise<(Intent & { connection: string; entity: string })[]> {
  const rows = await db
    .selectFrom('intent')
    .innerJoin('link', 'link.id', 'intent.link_id')
    .select(columns.map((name) => `intent.${name}` as const))
    .select(['link.connection', 'link.entity'])
    .where('intent.state', 'in', states)
    .orderBy('intent.planned_at')
    .execute()
  return rows.map((row) => ({ ...intentOf(row as unknown as Row), connection: row.connection, entity: row.entity }))
}

export async function intentContent(db: Db, id: string): Promise<IntentContent | undefined> {
  const row = await db.selectFrom('intent_content').select('content').where('intent_id', '=', id).executeTakeFirst()
  return row && (decodeContent(row.content) as IntentContent)
}

/** The records of creates whose outcome is not known: a new record that resembles one of them may be ours. */
export async function createsInDoubt(
  db: Db,
  connection: string,
  entity: string,
  call: string
): Promise<{ linkId: string; record: unknown }[]> {
  const { rows } = await sql<{ link_id: string; content: Buffer }>`
    SELECT i.link_id, c.content FROM intent i
    JOIN link l ON l.id = i.link_id
    JOIN intent_content c ON c.intent_id = i.id
    WHERE l.connection = ${connection} AND l.entity = ${entity} AND i.call = ${call} AND l.partner_key IS NULL
      AND i.state IN ('planned', 'sent', 'unknown', 'parked')
  `.execute(db)
  return rows.map((row) => ({ linkId: row.link_id, record: (decodeContent(row.content) as IntentContent).record }))
}
