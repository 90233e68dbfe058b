/** One thing that the doctor looked at. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly found: string
  /** What to do, when it is not ok. */
  readonly remedy?: string
}

/** What an error says to the operator, or its class where the message may not be shown. */
export function saidBy(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure'
}
