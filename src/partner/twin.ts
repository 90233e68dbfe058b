import type { Ports } from '../ports.ts'

/** An emulation of a partner on loopback, as every `twin.ts` offers it by its `startTwin`; each has more of its own. */
export interface Twin {
  readonly url: string
  /** Resolves when late effects and webhooks under way have ended. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface StartTwinOptions {
  readonly ports: Ports
  /** The same seed and size give the same records. */
  readonly seed: number
  readonly size: number
  /** Any free port by default. */
  readonly port?: number
  /** The bearer token that the API asks for. */
  readonly token: string
  /** Where changes are told, and the secret (`whsec_…`) that signs them. */
  readonly webhook?: { readonly url: string; readonly secret: string }
  /** Keeps what was changed over a restart. */
  readonly stateFile?: string
}

export type StartTwin = (options: StartTwinOptions) => Promise<Twin>
