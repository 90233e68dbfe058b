import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NewId } from '../ports.ts'
import { processStart } from './process-identity.ts'

/** Another engine that is alive holds the data folder. */
export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse'

  constructor(dataFolder: string, pid: number) {
    super(
      `The data folder ${dataFolder} is in use by another engine (process ${pid}). ` +
        'Stop that one, or set LIGATURE_DATA to another folder, or DATABASE_URL to share one database between engines.'
    )
  }
}

/** Who holds a lock: the process, told from a later one with the same pid by its start, and a token for this very lock. */
interface Holder {
  readonly pid: number
  readonly start: string
  readonly token: string
}

/**
 * Takes the data folder for this process, or throws `DataFolderInUse`. The lock of a process that died is taken over. Returns
 * the function that gives the folder back.
 */
export function lockDataFolder(dataFolder: string, newId: NewId): () => void {
  return take(join(dataFolder, 'engine.lock'), newId)
}

function take(path: string, newId: NewId): () => void {
  const mine: Holder = { pid: process.pid, start: processStart(process.pid) ?? '', token: newId() }
  const draft = `${path}.${mine.token}.new`
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
  try {
    while (!linked(draft, path)) {
      const holder = readHolder(path)
      if (holder === undefined) continue
      if (processStart(holder.pid) === holder.start) throw new DataFolderInUse(dirname(path), holder.pid)
      removeStale(path, holder, newId)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  return () => {
    if (readHolder(path)?.token === mine.token) rmSync(path, { force: true })
  }
}

/**
 * Removes the lock of a dead holder. Two starting engines may both find it stale, and the slower one must not remove the lock
 * that the faster one has made meanwhile: only who holds a second lock, named by the stale one's token, may remove it.
 */
function removeStale(path: string, stale: Holder, newId: NewId): void {
  const release = take(`${path}.${stale.token}`, newId)
  if (readHolder(path)?.token === stale.token) rmSync(path, { force: true })
  release()
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    // A lock appears whole, by link(2): what does not parse was damaged from outside and names nobody.
    if (error instanceof SyntaxError) return { pid: 0, start: 'damaged', token: 'damaged' }
    throw error
  }
}
