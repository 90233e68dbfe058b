import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, NewId } from '../ports.ts'
import type { Account } from './postgres-account.ts'
import { endPostgres } from './postgres-processes.ts'

/** A Postgres cluster: its files in the data folder, who runs it, and with which programs. */
export interface Cluster {
  readonly folder: string
  readonly passwordFile: string
  readonly logFile: string
  readonly account: Account | undefined
  readonly binaries: string
}

export class ClusterBroken extends Error {
  override readonly name = 'ClusterBroken'
}

/** Makes the cluster unless it is there already. A half-made one, left by a crash, is thrown away. */
export async function initCluster(cluster: Cluster, clock: Clock, newId: NewId): Promise<void> {
  if (existsSync(join(cluster.folder, 'PG_VERSION'))) return
  const draft = `${cluster.folder}.new`
  // A killed engine's initdb may still be writing.
  await endPostgres(join(draft, 'data'), clock)
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(join(draft, 'data'), { recursive: true, mode: 0o700 })
  const password = newId()
  writeFileSync(join(draft, 'password'), password, { mode: 0o600 })
  for (const path of ['', 'data', 'password']) own(join(draft, path), cluster.account)

  const data = join(draft, 'data')
  await initdb(cluster, data)
  // The password first: a cluster without its password is of no use, a password without its cluster is written anew.
  writeFileSync(cluster.passwordFile, password, { mode: 0o600 })
  renameSync(data, cluster.folder)
  rmSync(draft, { recursive: true, force: true })
}

export function readPassword(cluster: Pick<Cluster, 'folder' | 'passwordFile'>): string {
  try {
    return readFileSync(cluster.passwordFile, 'utf8')
  } catch (cause) {
    const remedy = `Put the file back, or delete ${cluster.folder} to begin with an empty database.`
    throw new ClusterBroken(`The password of the embedded Postgres cannot be read from ${cluster.passwordFile}. ${remedy}`, {
      cause
    })
  }
}

/** How to start one of the cluster's programs: as its account, with `folder` as the working directory. */
export function programOptions(cluster: Cluster, folder: string) {
  // The engine's environment may hold tokens, and the other account can read its own processes' environments.
  const { PATH, TMPDIR, SystemRoot } = process.env
  return { cwd: folder, env: { PATH, TMPDIR, SystemRoot, LC_ALL: 'C' }, ...cluster.account }
}

/**
 * How a program that works in `folder` names it. Under another account it may not walk the path to the data folder (think of
 * /root), but its own working directory is open to it, and Linux has a name for that which needs no walking.
 */
export function nameOf(cluster: Cluster, folder: string): string {
  return cluster.account && process.platform === 'linux' ? '/proc/self/cwd' : folder
}

function own(path: string, account: Account | undefined): void {
  if (account) chownSync(path, account.uid, account.gid)
}

async function initdb(cluster: Cluster, data: string): Promise<void> {
  const name = nameOf(cluster, data)
  const options = [
    `--pgdata=${name}`,
    `--pwfile=${name}/../password`,
    '--username=postgres',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same order of text on every machine, whatever its locales.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8'
  ]
  const child = spawn(join(cluster.binaries, 'initdb'), options, {
    ...programOptions(cluster, data),
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new ClusterBroken(`The embedded Postgres could not be set up in ${cluster.folder}: ${complaint.trim()}`)
}
