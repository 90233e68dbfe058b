import { Webhook } from 'standardwebhooks'
import type { Ports } from '../../../src/ports.ts'
import type { Counters } from './counters.ts'
import type { CaseEvent } from './reply.ts'

/** Where the twin tells of changes, and the secret (`whsec_…`) that it signs them with. */
export interface WebhookTarget {
  readonly url: string
  readonly secret: string
}

/** Tells a change once, signed per Standard Webhooks. A delivery that fails is counted and lost: polling is the truth. */
export async function deliver(target: WebhookTarget, event: CaseEvent, ports: Ports, counters: Counters): Promise<void> {
  const now = new Date(ports.clock.now())
  const id = `msg_${ports.newId()}`
  const body = JSON.stringify({ type: event.type, timestamp: now.toISOString(), data: { spry_case_id: event.spry_case_id } })
  try {
    const { status } = await ports.http({
      method: 'POST',
      url: target.url,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(target.secret).sign(id, now, body)
      },
      body,
      timeoutMs: 5000
    })
    if (status >= 200 && status < 300) counters.webhooksDelivered++
    else counters.webhooksFailed++
  } catch {
    counters.webhooksFailed++
  }
}
