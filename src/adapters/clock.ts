import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../ports.ts'

/** The machine's clock. */
export const clock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      // Node rejects with an AbortError of its own; the port promises the signal's reason.
      throw signal?.aborted ? signal.reason : error
    }
  }
}
