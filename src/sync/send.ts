/** One write to a partner: the intent is committed before the first byte, and what became of it is settled before anything else. */
import type { Outcome } from '#partner'
import type { IntentContent } from '../ledger/intents.ts'
import { recordHashOf } from './hash.ts'
import { fenced, type Held, TryLater } from './held-link.ts'
import type { Transaction } from './store.ts'

export interface Sent {
  readonly intentId: string
  readonly outcome: Outcome
}

/** Sends a request under an intent. `inSameTransaction` is committed together with the intent. */
export async function send(
  held: Held,
  call: string,
  given: { readonly path?: Readonly<Record<string, string>>; readonly body: unknown },
  content: IntentContent,
  inSameTransaction: (tx: Transaction) => Promise<void> = async () => undefined
): Promise<Sent> {
  const { engine, connection, link } = held
  const { clock, newId } = engine.ports
  const intentId = newId()
  const { effect } = connection.client.partner.calls[call] as { effect: string }
  const deadline = await fenced(held, async (tx) => {
    const at = clock.now()
    await inSameTransaction(tx)
    const digest = recordHashOf({ call, body: given.body }).toString('hex')
    await tx.ledger.planIntent({
      id: intentId,
      linkId: link.id,
      call,
      effect,
      digest,
      fence: held.fence,
      at,
      deadline: at + engine.deadlineMs,
      content
    })
    await tx.ledger.noteAudit([{ at, actor: held.actor, action: 'intent', linkId: link.id, detail: { call, intent: intentId } }])
    return at + engine.deadlineMs
  })
  // a process that was stopped in between may have lost the link by now
  if (clock.now() > deadline) {
    await engine.store.ledger.settleIntent(intentId, 'given-up', 'not-sent', clock.now())
    throw new TryLater('it was too late to send what was decided')
  }
  return { intentId, outcome: await connection.client.call(call, given) }
}
