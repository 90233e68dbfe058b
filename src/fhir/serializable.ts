import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Clock, Random } from '../ports.ts'
import type { KeyQueue } from './key-queue.ts'
import { problem } from './problem.ts'
import type { TransactionGate } from './transaction-gate.ts'

export interface SerializableContext {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly random: Random
  readonly queue: KeyQueue
  readonly gate: TransactionGate
}

const tries = 8

/**
 * Runs the closure in a serializable transaction and repeats all of it when Postgres says that it collided with another one, which
 * may be as late as the commit. Nothing may leave the closure but its result. After eight collisions the answer is 503.
 */
export async function serializable<T>(
  { db, clock, random, queue, gate }: SerializableContext,
  keys: Iterable<string>,
  closure: (tx: Transaction<Database>) => Promise<T>
): Promise<T> {
  const once = () =>
    db
      .transaction()
      .setIsolationLevel('serializable')
      .execute(async (tx) => {
        // A scan of a whole table or index, which the planner likes for small ones, would collide with everyone who writes to it.
        await sql`SELECT set_config(name, 'off', true) FROM unnest(${wholeScans}::text[]) AS s (name)`.execute(tx)
        return closure(tx)
      })
  return queue.run(keys, async () => {
    for (let n = 1; ; n++) {
      try {
        return await (n === 1 ? gate.together(once) : gate.alone(once))
      } catch (error) {
        if (!isCollision(error)) throw error
        if (n === tries) throw problem(503, 'transient', 'Too many writers at the same resources: send the request again later')
        await clock.sleep(random() * 5 * 2 ** n)
      }
    }
  })
}

const wholeScans = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']

/** Serialization failure, deadlock, or another conditional create that won the claim. */
function isCollision(error: unknown): boolean {
  const { code, table } = error as { code?: unknown; table?: unknown }
  return code === '40001' || code === '40P01' || (code === '23505' && table === 'conditional_claim')
}
