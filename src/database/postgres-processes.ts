import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Clock } from '../ports.ts'

/** What Postgres writes about itself into its folder. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

/** Reads `postmaster.pid`; `undefined` when there is none or it is not complete yet. */
export function readPostmasterFile(cluster: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
  } catch {
    return undefined
  }
}

/**
 * Ends every Postgres process that works in this cluster, gently first: a server that a killed engine left behind, backends that
 * outlived their server, an initdb. Then removes `postmaster.pid`, which by now names nobody or a stranger. Only the holder of the data
 * folder may call this.
 */
export async function endPostgres(cluster: string, clock: Clock): Promise<void> {
  const postmaster = readPostmasterFile(cluster)?.pid
  const isOurs = postmaster !== undefined && postgresProcesses(cluster).includes(postmaster)
  // SIGINT: disconnect everybody and shut down. SIGQUIT: leave at once; the next start recovers from the log.
  if (isOurs) signal([postmaster], 'SIGINT')
  else signal(postgresProcesses(cluster), 'SIGQUIT')
  if (!(await noneLeft(cluster, clock, isOurs ? 20_000 : 2_000))) {
    signal(postgresProcesses(cluster), 'SIGQUIT')
    if (!(await noneLeft(cluster, clock, 5_000))) signal(postgresProcesses(cluster), 'SIGKILL')
    if (!(await noneLeft(cluster, clock, 5_000))) {
      throw new Error(`Postgres processes ${postgresProcesses(cluster).join(', ')} in ${cluster} do not end: end them by hand.`)
    }
  }
  rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

async function noneLeft(cluster: string, clock: Clock, patienceMs: number): Promise<boolean> {
  const deadline = clock.now() + patienceMs
  while (postgresProcesses(cluster).length > 0) {
    if (clock.now() >= deadline) return false
    await clock.sleep(20)
  }
  return true
}

/** The pids of the Postgres processes that work in this cluster. All of them have it as their working directory. */
function postgresProcesses(cluster: string): number[] {
  if (process.platform !== 'linux') return postmasterByCommand(cluster)
  let folder: string
  try {
    folder = realpathSync(cluster)
  } catch {
    return []
  }
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && worksIn(pid, folder))
}

function worksIn(pid: number, folder: string): boolean {
  try {
    // " (deleted)" is appended to the binary of a process that outlived a reinstallation.
    return readlinkSync(`/proc/${pid}/cwd`) === folder && /^(postgres|initdb)\b/.test(basename(readlinkSync(`/proc/${pid}/exe`)))
  } catch {
    // Gone meanwhile, or another user's.
    return false
  }
}

function postmasterByCommand(cluster: string): number[] {
  const pid = readPostmasterFile(cluster)?.pid
  if (!pid) return []
  const command = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  return command.includes('postgres') && command.includes(cluster) ? [pid] : []
}

function signal(pids: readonly number[], name: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
