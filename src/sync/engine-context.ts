import type { Log } from '../log.ts'
import type { Ports } from '../ports.ts'
import type { Store } from './store.ts'

/** What every part of the engine is given: where things are kept, the outside world, and for how long a worker may hold something. */
export interface EngineContext {
  readonly store: Store
  readonly ports: Ports
  readonly log: Log
  /** How long a worker holds a link or a run before another may take it over. */
  readonly leaseMs: number
  /** How long a call to a partner may take; less than half a lease. */
  readonly deadlineMs: number
  /** How long a request without an answer may still take effect. */
  readonly settleMs: number
  /** This process, for leases. */
  readonly holder: string
}
