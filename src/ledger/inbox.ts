import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Takes a webhook delivery in; false when the same delivery was taken in before. */
export async function takeDelivery(db: Kysely<Database>, connection: string, deliveryId: string, at: number): Promise<boolean> {
  const row = await db
    .insertInto('inbox')
    .values({ connection, delivery_id: deliveryId, received_at: new Date(at) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('delivery_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Forgets deliveries that no sender repeats any more. */
export async function forgetDeliveries(db: Kysely<Database>, before: number): Promise<void> {
  await db.deleteFrom('inbox').where('received_at', '<', new Date(before)).execute()
}
