import { existsSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { configFile } from './config/config-file.ts'
import { type Secret, secretFrom } from './config/secret.ts'
import type { LogLevel } from './log.ts'

export type { ConfigFile } from './config/config-file.ts'

/** What the engine was told: its environment, and what the file in its working directory says beside that. */
export interface Config {
  readonly dataFolder: string
  /** Without one, an embedded Postgres runs in the data folder. */
  readonly databaseUrl: string | undefined
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  readonly leaseMs: number
  readonly deadlineMs: number
  readonly settleMs: number
  /** None: the engine runs as a sandbox, on the partners' twins. */
  readonly connections: readonly ConnectionConfig[]
  readonly clients: readonly ClientConfig[]
}

/** One account at a partner. */
export interface ConnectionConfig {
  readonly name: string
  readonly partner: string
  readonly baseUrl: string
  readonly token: Secret
  readonly serviceTimeZone: string
  readonly allowUpdate: boolean
  readonly webhookSecrets: readonly Secret[]
  readonly schedule: string
  readonly paused: boolean
  readonly sweepEveryMs: number
  readonly absenceGuard: number
}

/** A system that may ask for tokens at `/oauth2/token`; its secret is known by its SHA-256 or read from a file. */
export interface ClientConfig {
  readonly clientId: string
  readonly secret: { readonly sha256: string } | { readonly read: Secret }
  readonly scopes: readonly string[]
}

/** The configuration cannot be used; the message names the file or variable, the path in it, and the remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the configuration. What the environment says wins over the file. */
export async function readConfig(env: NodeJS.ProcessEnv = process.env, folder: string = process.cwd()): Promise<Config> {
  const { file, content } = await readFile(folder)
  const parsed = configFile.safeParse({ ...content, ...fromEnvironment(env) })
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => describe(issue, file, env)).join('\n'))
  return finish(parsed.data, file, env, folder)
}

/** Which setting each variable is; `describe` uses it to blame the right place. */
const variables = {
  LIGATURE_DATA: 'dataFolder',
  LIGATURE_HOST: 'host',
  PORT: 'port',
  LIGATURE_LOG: 'logLevel',
  LIGATURE_LEASE: 'lease',
  LIGATURE_DEADLINE: 'deadline',
  LIGATURE_SETTLE: 'settle'
} as const

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const set = Object.entries(variables).filter(([variable]) => env[variable])
  const settings = Object.fromEntries(
    set.map(([variable, setting]) => [setting, setting === 'port' ? Number(env[variable]) : env[variable]])
  )
  return env.DATABASE_URL ? { ...settings, databaseUrl: { env: 'DATABASE_URL' } } : settings
}

async function readFile(folder: string): Promise<{ file: string; content: Record<string, unknown> }> {
  const names = ['ligature.config.ts', 'ligature.config.json'].filter((name) => existsSync(join(folder, name)))
  const [name, other] = names
  if (other) throw new ConfigError(`${names.join(' and ')} are both in ${folder}: keep one.`)
  if (!name) return { file: 'the environment', content: {} }
  const content = await load(join(folder, name))
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return { file: name, content: { ...content } }
  throw new ConfigError(
    `${name}: there is no configuration in it; ${name.endsWith('.ts') ? 'write export default { … }' : 'write { … }'}.`
  )
}

async function load(path: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'))
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
  } catch (cause) {
    throw new ConfigError(`${basename(path)} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function describe(issue: z.core.$ZodIssue, file: string, env: NodeJS.ProcessEnv): string {
  const setting = issue.path[0]
  const variable = Object.entries(variables).find(([name, one]) => one === setting && env[name])?.[0]
  return `${variable ?? [file, pathOf(issue.path)].filter(Boolean).join(': ')}: ${remedy(issue)}`
}

function remedy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `there is no setting ${issue.keys.map((key) => `'${key}'`).join(', ')}: correct or remove it`
  return issue.message.replace(/^Invalid input: /, '')
}

/** `connections[0].token`. */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '')
}

function finish(settings: z.output<typeof configFile>, file: string, env: NodeJS.ProcessEnv, folder: string): Config {
  if (settings.deadline >= settings.lease / 2) {
    throw new ConfigError(`${file}: deadline must be less than half of lease, so that no other worker takes over during a write.`)
  }
  /** Reads the secret once now: one that is missing is better noticed at the start. */
  const secret = (source: Parameters<typeof secretFrom>[0], path: string): Secret => {
    const read = secretFrom(source, env, folder)
    try {
      read()
    } catch (cause) {
      throw new ConfigError(`${file}: ${path}: ${(cause as Error).message}: provide it, or remove the setting.`, { cause })
    }
    return read
  }
  return {
    dataFolder: resolve(folder, settings.dataFolder),
    databaseUrl: settings.databaseUrl && secret(settings.databaseUrl, 'databaseUrl')(),
    host: settings.host,
    port: settings.port,
    logLevel: settings.logLevel,
    leaseMs: settings.lease,
    deadlineMs: settings.deadline,
    settleMs: settings.settle,
    connections: settings.connections.map(({ token, webhookSecrets, sweepEvery, ...plain }, i) => ({
      ...plain,
      token: secret(token, `connections[${i}].token`),
      webhookSecrets: webhookSecrets.map((source, j) => secret(source, `connections[${i}].webhookSecrets[${j}]`)),
      sweepEveryMs: sweepEvery
    })),
    clients: settings.clients.map(({ clientId, secretHash, secretFile = '', scopes }, i) => ({
      clientId,
      secret: secretHash
        ? { sha256: secretHash.slice('sha256:'.length) }
        : { read: secret({ file: secretFile }, `clients[${i}].secretFile`) },
      scopes
    }))
  }
}
