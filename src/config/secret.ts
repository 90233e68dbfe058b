import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'

/** Where a secret is kept: never in the configuration itself, nor in a command line, where other users could read it. */
export const secretSource = z.union(
  [z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  'name where the secret is kept: { "env": "NAME_OF_VARIABLE" } or { "file": "path" }'
)

export type SecretSource = z.infer<typeof secretSource>

/** Reads a secret each time it is called, so that a file that is replaced takes effect without a restart. */
export type Secret = () => string

export function secretFrom(source: SecretSource, env: NodeJS.ProcessEnv, folder: string): Secret {
  if ('env' in source) {
    return () => env[source.env] || missing(`the environment variable ${source.env} is not set`)
  }
  const file = resolve(folder, source.file)
  return () => readSecretFile(file).trim() || missing(`the file ${file} is empty`)
}

function readSecretFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return missing(`the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** A secret that is configured but not there. */
export class SecretMissing extends Error {
  override readonly name = 'SecretMissing'
}

function missing(what: string): never {
  throw new SecretMissing(what)
}
