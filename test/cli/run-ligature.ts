import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const main = new URL('../../src/main.ts', import.meta.url).pathname

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly folder?: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the real command as a child process, with nothing of this process's configuration. */
export async function ligature(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = startLigature(args, options)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin?.end(options.input ?? '')
  const code = await ended(child)
  return { code, stdout, stderr }
}

/** Where commands run that need nothing of their own: never a folder that another run, or another user, has left something in. */
const ownFolder = mkdtempSync(join(tmpdir(), 'ligature-cli-'))
process.on('exit', () => rmSync(ownFolder, { recursive: true, force: true }))

export function startLigature(args: readonly string[], { folder = ownFolder, env = {} }: RunOptions = {}): ChildProcess {
  const { PATH, HOME } = process.env
  return spawn(process.execPath, [main, ...args], { cwd: folder, env: { PATH, HOME, ...env } })
}

export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}

/** A folder for the test file, gone when it is done. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ligature-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
