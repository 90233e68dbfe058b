import { userInfo } from 'node:os'
import type { Cli } from './cli.ts'

/** The person at this terminal, for the audit. */
export function who(cli: Cli): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return cli.env.USER || 'cli'
  }
}
