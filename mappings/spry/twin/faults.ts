/** What can go wrong between a client and Spry. */
export type FaultKind =
  /** The connection closes before anything is done. */
  | 'drop-request'
  /** The effect happens, and the connection closes without an answer. */
  | 'drop-response'
  /** The connection closes at once, and the effect happens `ms` later. */
  | 'late'
  /** The effect happens, and the connection is reset in the middle of the answer. */
  | 'reset'
  /** The effect happens, and the answer ends in the middle of its JSON, though HTTP is content. */
  | 'truncated'
  /** HTTP 500, nothing done. */
  | '500'
  /** HTTP 502 after the effect happened, as from a gateway that lost patience. */
  | '502-after-effect'
  /** HTTP 429 with Retry-After, nothing done. */
  | '429'
  /** HTTP 200 with an error code in the body, nothing done. */
  | '200-error'
  /** All is well, `ms` later. */
  | 'delay'

export const faultKinds: readonly FaultKind[] = [
  ...(['drop-request', 'drop-response', 'late', 'reset', 'truncated'] as const),
  ...(['500', '502-after-effect', '429', '200-error', 'delay'] as const)
]

export interface Fault {
  readonly kind: FaultKind
  /** How many of the next calls fail so; one by default. */
  readonly times?: number
  /** Only calls of this name, as `createCase`; any by default. */
  readonly call?: string
  /** Waiting time for `late` and `delay`, Retry-After for `429`. */
  readonly ms?: number
  /** The code for `200-error`. */
  readonly code?: number
}

/** Faults that lie in wait; each call meets the first that fits it. */
export class Faults {
  waiting: { fault: Fault; left: number }[] = []

  add(...faults: readonly Fault[]): void {
    for (const fault of faults) {
      if (!faultKinds.includes(fault.kind)) throw new Error(`There is no fault '${fault.kind}': use ${faultKinds.join(', ')}`)
      this.waiting.push({ fault, left: fault.times ?? 1 })
    }
  }

  clear(): void {
    this.waiting = []
  }

  take(call: string): Fault | undefined {
    const found = this.waiting.find(({ fault }) => fault.call === undefined || fault.call === call)
    if (found === undefined) return undefined
    found.left--
    this.waiting = this.waiting.filter(({ left }) => left > 0)
    return found.fault
  }
}
