import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Cli } from './cli.ts'
import { parseJson } from './parse-json.ts'
import { WrongUse } from './wrong-use.ts'

/** Reads a JSON document from a file, or from standard input when its name is `-`. */
export async function readJsonInput(cli: Cli, file: string): Promise<unknown> {
  const parsed = parseJson(await readTextInput(cli, file))
  if ('problem' in parsed) throw new WrongUse(`${inputName(file)} is not JSON: ${parsed.problem}. Correct it there.`)
  return parsed.value
}

/** The same, for a document that must be an object. */
export async function readJsonObject(cli: Cli, file: string, what: string): Promise<Record<string, unknown>> {
  const value = await readJsonInput(cli, file)
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
  throw new WrongUse(`${inputName(file)}: (root): ${what} is an object, and this is ${found}. Give one ${what} at a time.`)
}

/** Reads text in UTF-8, from a file or from standard input. */
export async function readTextInput(cli: Cli, file: string): Promise<string> {
  return textOf(await bytesOf(cli, file), inputName(file))
}

export const inputName = (file: string): string => (file === '-' ? 'standard input' : file)

async function bytesOf(cli: Cli, file: string): Promise<Uint8Array> {
  if (file === '-') {
    const chunks: Uint8Array[] = []
    for await (const chunk of cli.input) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  try {
    return await readFile(resolve(cli.folder, file))
  } catch (error) {
    throw new WrongUse(`${file} cannot be read: ${reason(error)}. Give the path of a file, or - for standard input.`)
  }
}

function reason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'EACCES') return 'you may not read it'
  return code ?? 'unknown reason'
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new WrongUse(`${name} is not text in UTF-8. Save it as UTF-8.`)
  }
}
