import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { DataFolderInUse } from '../../src/database/data-folder-lock.ts'
import { DataFolderClosed, runningPostgresUrl, startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { endPostgres, readPostmasterFile } from '../../src/database/postgres-processes.ts'
import { silentLog } from '../../src/log.ts'

let dataFolder: string
let prepared: string
const engines: ChildProcess[] = []

beforeAll(async () => {
  prepared = mkdtempSync(join(tmpdir(), 'ligature-embedded-'))
  dataFolder = prepared
  const making = await engine('close')
  await making.ended
})

beforeEach(() => {
  dataFolder = `${prepared}-${newId()}`
  spawnSync('cp', ['-a', prepared, dataFolder])
})

afterEach(async () => {
  for (const engine of engines.splice(0)) engine.kill('SIGKILL')
  await endPostgres(join(dataFolder, 'postgres'), clock)
  rmSync(dataFolder, { recursive: true, force: true })
})

afterAll(() => {
  rmSync(prepared, { recursive: true, force: true })
})

const start = () => startEmbeddedPostgres({ dataFolder, clock, newId, log: silentLog })
const postmaster = () => readPostmasterFile(join(dataFolder, 'postgres'))

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** An engine in a process of its own; resolves with what it said first. */
async function engine(what = 'stay'): Promise<{ said: string; process: ChildProcess; ended: Promise<unknown> }> {
  const program = new URL('../support/engine-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, dataFolder, what], { stdio: ['ignore', 'pipe', 'inherit'] })
  engines.push(child)
  const ended = new Promise((resolve) => child.once('close', resolve))
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk).trim())))
  return { said, process: child, ended }
}

function postgresProcesses(): number[] {
  const folder = realpathSync(join(dataFolder, 'postgres'))
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/cwd`) === folder
      } catch {
        return false
      }
    })
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 15 s')
    await clock.sleep(20)
  }
}

describe('an embedded Postgres', () => {
  test('keeps its data from one start to the next, and its secrets to its owner', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS a')
    await first.stop()
    expect(postgresProcesses()).toEqual([])
    const second = await start()
    expect(await query(second.url, 'SELECT a FROM kept')).toEqual([{ a: 1 }])
    await second.stop()
    expect(statSync(join(dataFolder, 'postgres-password')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dataFolder, 'postgres.log')).mode & 0o777).toBe(0o600)
  })

  test('commits durably, answers on loopback only and wants its password', async () => {
    const server = await start()
    expect(await query(server.url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }])
    expect(await query(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    expect(await query(server.url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }])
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow('password authentication')
    await server.stop()
  })

  test('writes no value of a query to its log, not even when the query fails', async () => {
    const server = await start()
    const canary = 'canary-4f2a'
    await query(server.url, 'CREATE TABLE person (name text PRIMARY KEY)')
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query('INSERT INTO person VALUES ($1)', [canary])
    await expect(client.query('INSERT INTO person VALUES ($1)', [canary])).rejects.toThrow('duplicate key')
    await expect(client.query('SELECT $1::text::uuid', [canary])).rejects.toThrow(canary)
    await expect(client.query(`SELECT '${canary}'::uuid`)).rejects.toThrow(canary)
    await expect(client.query(`SELEC '${canary}'`)).rejects.toThrow('syntax')
    await client.end()
    await server.stop()
    expect(readFileSync(join(dataFolder, 'postgres.log'), 'utf8')).not.toContain(canary)
  })

  test.runIf(process.platform === 'linux')('is not given the environment of the engine, which may hold tokens', async () => {
    process.env.LIGATURE_CANARY = 'canary'
    const server = await start()
    expect(readFileSync(`/proc/${postmaster()?.pid}/environ`, 'utf8')).not.toContain('LIGATURE_CANARY')
    await server.stop()
  })

  test('refuses a folder that another engine holds, and says who', async () => {
    const other = await engine()
    await expect(start()).rejects.toThrow(DataFolderInUse)
    await expect(start()).rejects.toThrow(`process ${other.process.pid}`)
    expect(await query(runningPostgresUrl(dataFolder) ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('says what to do about a folder that cannot be used', async () => {
    const file = join(dataFolder, 'a-file')
    writeFileSync(file, '')
    const broken = startEmbeddedPostgres({ dataFolder: join(file, 'data'), clock, newId, log: silentLog })
    await expect(broken).rejects.toThrow(DataFolderClosed)
    await expect(broken).rejects.toThrow('LIGATURE_DATA')
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('ends with its engine on %s', async (signal) => {
    const running = await engine()
    running.process.kill(signal)
    await running.ended
    expect(running.process.signalCode).toBe(signal)
    expect(postgresProcesses()).toEqual([])
    expect(readdirSync(dataFolder)).not.toContain('engine.lock')
  })

  test('ends with an engine that exits without closing it', async () => {
    const running = await engine('exit')
    await running.ended
    await eventually(() => postgresProcesses().length === 0)
  })

  test('is taken back from an engine that was killed', async () => {
    const killed = await engine()
    const orphan = postmaster()?.pid
    killed.process.kill('SIGKILL')
    await killed.ended
    expect(postgresProcesses()).toContain(orphan)
    const server = await start()
    expect(postmaster()?.pid).not.toBe(orphan)
    await server.stop()
  })

  test('starts again when engine and server were both killed', async () => {
    const killed = await engine()
    process.kill(postmaster()?.pid ?? 0, 'SIGKILL')
    killed.process.kill('SIGKILL')
    await killed.ended
    const server = await start()
    expect(await query(server.url, 'SELECT count(*)::int AS migrated FROM migration')).not.toEqual([{ migrated: 0 }])
    await server.stop()
  })

  test('comes back at the same address when only the server was killed', async () => {
    const server = await start()
    const killed = postmaster()?.pid ?? 0
    process.kill(killed, 'SIGKILL')
    await eventually(() => postmaster()?.ready === true && postmaster()?.pid !== killed)
    await eventually(() =>
      query(server.url, 'SELECT 1').then(
        () => true,
        () => false
      )
    )
    await server.stop()
    expect(postgresProcesses()).toEqual([])
  })

  test('does not believe a postmaster.pid that names a stranger, and leaves the stranger alone', async () => {
    await (await start()).stop()
    const stranger = spawn('sleep', ['60'])
    const file = `${stranger.pid}\n${join(dataFolder, 'postgres')}\n1\n5432\n\n127.0.0.1\n1 1\nready\n`
    writeFileSync(join(dataFolder, 'postgres', 'postmaster.pid'), file)
    await (await start()).stop()
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull()
    stranger.kill()
  })

  test('is made anew when an engine was killed while making it', async () => {
    rmSync(join(dataFolder, 'postgres'), { recursive: true })
    const killed = spawn(process.execPath, [new URL('../support/engine-process.ts', import.meta.url).pathname, dataFolder])
    await eventually(() => readdirSync(dataFolder).includes('postgres.new'))
    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('exit', resolve))
    const server = await start()
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await server.stop()
    expect(readdirSync(dataFolder)).not.toContain('postgres.new')
  })
})
