/**
 * Work on the same key waits in line, in this process. It is no guarantee (another process has its own queue), only a way to have
 * fewer serialization failures: whoever waits here takes its snapshot after the one before it has committed.
 */
export class KeyQueue {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs `work` once everything that was queued earlier on any of these keys is done. */
  async run<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const mine = new Set(keys)
    if (mine.size === 0) return work()
    const before = [...mine].map((key) => this.#last.get(key))
    const { promise: done, resolve: release } = Promise.withResolvers<void>()
    // All keys are taken in one go, so no two can wait for each other.
    for (const key of mine) this.#last.set(key, done)
    await Promise.all(before)
    try {
      return await work()
    } finally {
      release()
      for (const key of mine) if (this.#last.get(key) === done) this.#last.delete(key)
    }
  }
}
