/** Rest: rounds that find nothing to do and write nothing, neither at the twin nor in the hub. */
import type { Kysely } from 'kysely'
import { expect } from 'vitest'
import type { SpryTwin } from '../../mappings/spry/twin.ts'
import type { Database } from '../../src/database/tables.ts'
import type { RoundReport } from '../../src/sync/engine.ts'

export async function expectRest(
  db: Kysely<Database>,
  twin: SpryTwin,
  round: () => Promise<RoundReport>,
  rounds = 2
): Promise<void> {
  const before = await written(db, twin)
  for (let count = 0; count < rounds; count++) {
    const { runs, worked } = await round()
    expect(runs.map(({ state, error }) => ({ state, error }))).toEqual(runs.map(() => ({ state: 'done', error: null })))
    expect(runs[0]?.books).toMatchObject({ applied: 0, merged: 0, conflicted: 0, echo: 0 })
    expect(worked).toMatchObject({ links: 0, failed: 0 })
  }
  expect(await written(db, twin)).toEqual(before)
}

/** Counts that move with every write: to the partner, to the hub, and to what the ledger says was agreed. */
async function written(db: Kysely<Database>, twin: SpryTwin) {
  const { created, updated } = twin.counters
  const { versions } = await db
    .selectFrom('resource')
    .select(({ fn }) => fn.sum<string>('version').as('versions'))
    .executeTakeFirstOrThrow()
  const { observations } = await db
    .selectFrom('observation')
    .select(({ fn }) => fn.countAll<string>().as('observations'))
    .executeTakeFirstOrThrow()
  const { intents } = await db
    .selectFrom('intent')
    .select(({ fn }) => fn.countAll<string>().as('intents'))
    .executeTakeFirstOrThrow()
  const { conflicts } = await db
    .selectFrom('conflict')
    .select(({ fn }) => fn.countAll<string>().as('conflicts'))
    .executeTakeFirstOrThrow()
  return { created, updated, versions, observations, intents, conflicts }
}
