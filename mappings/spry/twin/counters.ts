import { createHash } from 'node:crypto'

/** What the twin has been asked and what it did, so that a test sees an effect that happened twice. */
export interface CounterState {
  /** Requests per call of the API, whatever became of them. */
  readonly calls: Record<string, number>
  readonly created: number
  readonly updated: number
  /** Cases created by a request whose body had created one before. */
  readonly createdAgain: number
  /** Fields of requests that the documents do not know; Spry would pass over them in silence. */
  readonly unknownFields: number
  readonly webhooksDelivered: number
  readonly webhooksFailed: number
}

export class Counters {
  readonly calls = new Map<string, number>()
  created = 0
  updated = 0
  createdAgain = 0
  unknownFields = 0
  webhooksDelivered = 0
  webhooksFailed = 0
  readonly bodies = new Set<string>()

  called(call: string): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1)
  }

  createdFrom(body: Uint8Array): void {
    const digest = createHash('sha256').update(body).digest('base64')
    this.created++
    if (this.bodies.has(digest)) this.createdAgain++
    this.bodies.add(digest)
  }

  state(): CounterState {
    const { created, updated, createdAgain, unknownFields, webhooksDelivered, webhooksFailed } = this
    const calls = Object.fromEntries(this.calls)
    return { calls, created, updated, createdAgain, unknownFields, webhooksDelivered, webhooksFailed }
  }
}
