import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../../config.ts'
import type { Finding } from './finding.ts'

export function checkNode(): Finding {
  return { state: 'ok', what: 'Node', found: process.version }
}

/** The embedded Postgres, secrets and the twins' records live here. */
export function checkDataFolder({ dataFolder }: Config): Finding {
  const what = 'data folder'
  let nearest = dataFolder
  while (!existsSync(nearest)) nearest = dirname(nearest)
  try {
    accessSync(nearest, constants.W_OK)
  } catch {
    return {
      state: 'fail',
      what,
      found: `${dataFolder} cannot be written`,
      remedy: 'run as its owner, or set LIGATURE_DATA to another folder'
    }
  }
  if (nearest !== dataFolder) return { state: 'ok', what, found: `${dataFolder}, made at the first start` }
  const isOpen = process.platform !== 'win32' && (statSync(dataFolder).mode & 0o077) !== 0
  return isOpen
    ? { state: 'warn', what, found: `${dataFolder} is open to other users of this machine`, remedy: `chmod 700 ${dataFolder}` }
    : { state: 'ok', what, found: dataFolder }
}
