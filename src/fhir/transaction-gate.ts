/**
 * Lets transactions run side by side, and one that has collided alone: it waits until the running ones are done and nobody starts
 * before it ends. So it succeeds unless another process is in its way, however many others keep coming.
 */
export class TransactionGate {
  #running = 0
  #drained: (() => void) | undefined
  #alone: Promise<unknown> | undefined

  async together<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      if (this.#running === 0) this.#drained?.()
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    this.#alone = ended
    try {
      if (this.#running > 0) {
        const { promise: drained, resolve } = Promise.withResolvers<void>()
        this.#drained = resolve
        await drained
        this.#drained = undefined
      }
      return await work()
    } finally {
      this.#alone = undefined
      end()
    }
  }
}
