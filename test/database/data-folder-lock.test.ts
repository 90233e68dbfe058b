import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { newId } from '../../src/adapters/new-id.ts'
import { DataFolderInUse, lockDataFolder } from '../../src/database/data-folder-lock.ts'
import { processStart } from '../../src/database/process-identity.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ligature-lock-'))
  return () => rmSync(folder, { recursive: true, force: true })
})

function leaveLock(holder: unknown): void {
  writeFileSync(join(folder, 'engine.lock'), typeof holder === 'string' ? holder : JSON.stringify(holder))
}

test('a data folder is held by one engine at a time, and leaves nothing behind when given back', () => {
  const release = lockDataFolder(folder, newId)
  expect(() => lockDataFolder(folder, newId)).toThrow(DataFolderInUse)
  expect(() => lockDataFolder(folder, newId)).toThrow(`process ${process.pid}`)
  release()
  expect(readdirSync(folder)).toEqual([])
  lockDataFolder(folder, newId)()
})

test('the lock of a process that is gone is taken over', () => {
  leaveLock({ pid: 4_000_000, start: 'a/1', token: 'gone' })
  lockDataFolder(folder, newId)()
  expect(readdirSync(folder)).toEqual([])
})

test('a living process that was given the same pid later does not keep the lock', () => {
  leaveLock({ pid: process.pid, start: 'earlier/1', token: 'reused' })
  lockDataFolder(folder, newId)()
})

test('a damaged lock file holds nothing', () => {
  leaveLock('{"pid":')
  lockDataFolder(folder, newId)()
})

test('giving a folder back does not remove the lock of who took it over', () => {
  const release = lockDataFolder(folder, newId)
  leaveLock({ pid: 4_000_000, start: 'a/1', token: 'other' })
  release()
  expect(readdirSync(folder)).toEqual(['engine.lock'])
})

test('of twelve engines that find a stale lock at the same moment, one gets the folder', async () => {
  leaveLock({ pid: 4_000_000, start: 'a/1', token: 'stale' })
  const module = new URL('../../src/database/data-folder-lock.ts', import.meta.url).href
  const script = `
    import { randomUUID } from 'node:crypto'
    const { lockDataFolder } = await import('${module}')
    process.stdin.once('data', () => {
      try { lockDataFolder(${JSON.stringify(folder)}, randomUUID); console.log('got it') } catch (error) { console.log(error.name) }
    })
    console.log('ready')`
  const engines = Array.from({ length: 12 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  )
  const said = engines.map(() => '')
  const line = (index: number) =>
    new Promise<void>((resolve) => {
      engines[index]?.stdout.once('data', (chunk) => {
        said[index] = String(chunk).trim()
        resolve()
      })
    })
  await Promise.all(engines.map((_, index) => line(index)))
  const answers = Promise.all(engines.map((_, index) => line(index)))
  // All stay alive until everybody has answered: a winner that leaves would make its lock stale again.
  for (const engine of engines) engine.stdin.write('go\n')
  await answers
  for (const engine of engines) engine.kill('SIGKILL')
  expect(said.filter((answer) => answer === 'got it')).toHaveLength(1)
  expect(said.filter((answer) => answer === 'DataFolderInUse')).toHaveLength(11)
})

test('a process has the same start as long as it lives, and none afterwards', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await new Promise((resolve) => child.once('spawn', resolve))
  const pid = child.pid ?? 0
  expect(processStart(pid)).toBeDefined()
  expect(processStart(pid)).toBe(processStart(pid))
  expect(processStart(pid)).not.toBe(processStart(process.ppid))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(processStart(pid)).toBeUndefined()
})
