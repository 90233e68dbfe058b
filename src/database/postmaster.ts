import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../ports.ts'
import { type Cluster, nameOf, programOptions } from './cluster.ts'
import { endPostgres, readPostmasterFile } from './postgres-processes.ts'

/** Settings by name, as in postgresql.conf. */
export type PostgresSettings = Readonly<Record<string, string | number>>

const standardSettings: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  shared_buffers: '128MB',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: 0,
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Patient data must not reach the log: no statements, no parameters, no DETAIL lines (they quote keys), no errors of statements.
  log_statement: 'none',
  log_parameter_max_length: 0,
  log_parameter_max_length_on_error: 0,
  log_min_error_statement: 'panic',
  log_min_messages: 'log',
  log_error_verbosity: 'terse'
}

export class PostgresStartFailed extends Error {
  override readonly name = 'PostgresStartFailed'
}

/** A running server. */
export interface Postmaster {
  readonly process: ChildProcess
  readonly port: number
}

/** Starts the server on the port, or on a free one, and waits until it accepts connections. */
export async function startPostmaster(
  cluster: Cluster,
  settings: PostgresSettings,
  clock: Clock,
  port?: number
): Promise<Postmaster> {
  const deadline = clock.now() + 60_000
  for (;;) {
    const attempt = await tryToStart(cluster, settings, clock, port ?? (await freePort()), deadline)
    if (attempt.kind === 'started') return attempt
    const passes = attempt.kind === 'busy' && clock.now() < deadline
    if (!passes) {
      throw new PostgresStartFailed(
        `The embedded Postgres in ${cluster.folder} did not start: ${attempt.reason}. See ${cluster.logFile}.`
      )
    }
    // Somebody took the port meanwhile, or the backends of a killed server are still leaving.
    await endPostgres(cluster.folder, clock)
    await clock.sleep(100)
  }
}

type Attempt = ({ kind: 'started' } & Postmaster) | { kind: 'busy' | 'failed'; reason: string }

async function tryToStart(
  cluster: Cluster,
  settings: PostgresSettings,
  clock: Clock,
  port: number,
  deadline: number
): Promise<Attempt> {
  const logBefore = keepLogShort(cluster.logFile)
  const child = spawnPostmaster(cluster, { ...standardSettings, ...settings, port })
  let end: string | undefined
  child.once('error', (error) => {
    end = error.message
  })
  child.once('exit', (code, signal) => {
    end = `it ended with ${signal ?? `code ${code}`}`
  })
  while (end === undefined) {
    const file = readPostmasterFile(cluster.folder)
    if (file?.ready && file.pid === child.pid) return { kind: 'started', process: child, port }
    if (clock.now() > deadline) {
      child.kill('SIGQUIT')
      return { kind: 'failed', reason: 'it was not ready in time' }
    }
    await clock.sleep(5)
  }
  const reason = lastWords(cluster.logFile, logBefore) || end
  const busy = /could not (bind|create any TCP)|lock file|shared memory block|Address already in use/.test(reason)
  return { kind: busy ? 'busy' : 'failed', reason }
}

function spawnPostmaster(cluster: Cluster, settings: PostgresSettings): ChildProcess {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = openSync(cluster.logFile, 'a', 0o600)
  try {
    const child = spawn(join(cluster.binaries, 'postgres'), ['-D', nameOf(cluster, cluster.folder), ...flags], {
      ...programOptions(cluster, cluster.folder),
      // A group of its own: Ctrl-C in the terminal is for the engine, which ends Postgres after its own work.
      detached: true,
      stdio: ['ignore', log, log]
    })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** A port that nobody listens on right now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Keeps at most two logs of about 10 MB; returns the size of the current one. */
function keepLogShort(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size < 10_000_000) return size
  renameSync(path, `${path}.1`)
  return 0
}

/** What the server said about its end: only fatal lines and what failed before them, no ordinary chatter. */
function lastWords(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString('utf8').split('\n')
  const said = lines.filter((line) => /FATAL|PANIC|LOG: {2}could not|error while loading/.test(line))
  return said.map((line) => line.replace(/^.*?\] /, '')).join('; ')
}
