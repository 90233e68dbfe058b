import type { Config } from '../config.ts'
import { createLog, type Log } from '../log.ts'

/** The log of a command that comes and goes: what went wrong, unless the configuration asks for more or for nothing. */
export function commandLog({ logLevel }: Pick<Config, 'logLevel'>): Log {
  return createLog(logLevel === 'info' ? 'warn' : logLevel)
}
