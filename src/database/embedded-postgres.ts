import { join, resolve } from 'node:path'
import pg from 'pg'
import type { Log } from '../log.ts'
import type { Clock, NewId } from '../ports.ts'
import { type Cluster, initCluster, readPassword } from './cluster.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import { FolderNotMade, makeFolder } from './make-folder.ts'
import { postgresAccount } from './postgres-account.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { endPostgres, readPostmasterFile } from './postgres-processes.ts'
import { type PostgresSettings, type Postmaster, startPostmaster } from './postmaster.ts'

/** A Postgres of our own, running in the data folder as long as this process does. */
export interface EmbeddedPostgres {
  readonly url: string
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataFolder: string
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
  readonly settings?: PostgresSettings
}

/**
 * Starts Postgres in `<data folder>/postgres`, making the cluster first when there is none. What a killed engine left behind is
 * ended first; a server that dies is started again on the same port. Throws `DataFolderInUse` when another engine has the folder.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { clock, newId, settings = {} } = options
  const dataFolder = resolve(options.dataFolder)
  const unlock = takeDataFolder(dataFolder, newId)
  try {
    const cluster = describeCluster(dataFolder)
    await endPostgres(cluster.folder, clock)
    await initCluster(cluster, clock, newId)
    const url = (port: number) => `postgres://postgres:${readPassword(cluster)}@127.0.0.1:${port}/ligature`
    const first = await startPostmaster(cluster, settings, clock)
    await createDatabase(url(first.port))
    return { url: url(first.port), stop: keepRunning(cluster, first, options, unlock) }
  } catch (error) {
    await endPostgres(join(dataFolder, 'postgres'), clock)
    unlock()
    throw error
  }
}

/** The data folder is there but not ours to use. */
export class DataFolderClosed extends Error {
  override readonly name = 'DataFolderClosed'

  constructor(dataFolder: string, cause: Error) {
    super(
      `The data folder ${dataFolder} cannot be used (${cause.message}): run as its owner, or set LIGATURE_DATA to another folder.`,
      { cause }
    )
  }
}

function takeDataFolder(dataFolder: string, newId: NewId): () => void {
  try {
    makeFolder(dataFolder, 0o700)
    return lockDataFolder(dataFolder, newId)
  } catch (error) {
    const refused = error instanceof FolderNotMade ? error.cause : error
    if (refused instanceof Error && 'syscall' in refused) throw new DataFolderClosed(dataFolder, refused)
    throw error
  }
}

/** Where a running engine's Postgres can be reached by another process of the same user; `undefined` when none runs. */
export function runningPostgresUrl(dataFolder: string): string | undefined {
  const folder = resolve(dataFolder)
  const running = readPostmasterFile(join(folder, 'postgres'))
  if (!running?.ready) return undefined
  const password = readPassword(filesOf(folder))
  return `postgres://postgres:${password}@127.0.0.1:${running.port}/ligature`
}

function filesOf(dataFolder: string) {
  return {
    folder: join(dataFolder, 'postgres'),
    passwordFile: join(dataFolder, 'postgres-password'),
    logFile: join(dataFolder, 'postgres.log')
  }
}

function describeCluster(dataFolder: string): Cluster {
  const files = filesOf(dataFolder)
  const account = postgresAccount(files.folder)
  return { ...files, account, binaries: postgresBinaries(account) }
}

async function createDatabase(url: string): Promise<void> {
  const server = new URL(url)
  server.pathname = '/postgres'
  const client = new pg.Client({ connectionString: server.href })
  await client.connect()
  try {
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = 'ligature'`)
    if (rowCount === 0) await client.query('CREATE DATABASE ligature')
  } finally {
    await client.end()
  }
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Starts the server again whenever it dies, and ends it with this process. Returns the function that stops it for good. */
function keepRunning(
  cluster: Cluster,
  first: Postmaster,
  options: EmbeddedPostgresOptions,
  unlock: () => void
): () => Promise<void> {
  const { clock, log, settings = {} } = options
  let server = first.process
  let restarted: Promise<void> = Promise.resolve()
  let stopped: Promise<void> | undefined

  function watch(): void {
    server.once('exit', () => {
      if (!stopped) restarted = restart()
    })
  }

  async function restart(): Promise<void> {
    log.warn('postgres ended by itself')
    while (!stopped) {
      try {
        await endPostgres(cluster.folder, clock)
        server = (await startPostmaster(cluster, settings, clock, first.port)).process
        log.info('postgres started again')
        return watch()
      } catch (error) {
        log.error('postgres did not start', { error })
        await clock.sleep(1_000)
      }
    }
  }

  function stop(): Promise<void> {
    stopped ??= end()
    return stopped
  }

  async function end(): Promise<void> {
    process.off('exit', endNow)
    for (const name of endingSignals) process.off(name, onSignal)
    await restarted
    await endPostgres(cluster.folder, clock)
    unlock()
  }

  /** Nothing can be awaited while the process exits; the server finishes its own shutdown after us. */
  function endNow(): void {
    server.kill('SIGINT')
    unlock()
  }

  async function onSignal(name: NodeJS.Signals): Promise<void> {
    // A program that handles the signal itself stops us in its own order.
    if (process.listenerCount(name) > 1) return
    await stop()
    process.kill(process.pid, name)
  }

  watch()
  process.once('exit', endNow)
  for (const name of endingSignals) process.on(name, onSignal)
  return stop
}
