import { validate } from 'node-cron'
import { z } from 'zod'
import { secretSource } from './secret.ts'

/** A length of time as people write it: `90s`, `15m`, `1.5h`; in milliseconds once read. */
const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'write a length of time such as "90s", "15m" or "1h"')
  .transform((text) => Number.parseFloat(text) * unitMs[text.replace(/[\d.]/g, '') as keyof typeof unitMs])

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const httpUrl = z.string().refine(isPlainHttpUrl, 'write an http or https address without user, query or fragment')

const timeZone = z.string().refine(isTimeZone, 'write a time zone such as "America/Denver" or "UTC"')

const cronExpression = z.string().refine(validate, `write a cron expression; every minute is "* * * * *"`)

const connection = z.strictObject({
  /** What the connection is called in the ledger, the console and the logs. It cannot be changed later. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and dashes, a letter first'),
  /** A folder under `mappings/`. */
  partner: z.string().min(1),
  baseUrl: httpUrl,
  token: secretSource,
  /** The zone of times that the partner writes without one. */
  serviceTimeZone: timeZone,
  /** Whether records at the partner may be changed, not only created. */
  allowUpdate: z.boolean().default(false),
  /** More than one while a secret is being replaced. */
  webhookSecrets: z.array(secretSource).default([]),
  schedule: cronExpression.default('* * * * *'),
  paused: z.boolean().default(false),
  /** How often everything is compared, not only what the partner says has changed. */
  sweepEvery: duration.default(unitMs.h),
  /** When more than this share of the records is gone at once, the sweep stops and asks. */
  absenceGuard: z.number('write a share between 0 and 1').min(0).max(1).default(0.2)
})

const client = z
  .strictObject({
    clientId: z.string().min(1),
    /** `sha256:` and the hash of the secret in hexadecimal digits. */
    secretHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'write "sha256:" and 64 hexadecimal digits')
      .optional(),
    secretFile: z.string().min(1).optional(),
    scopes: z
      .array(z.string().regex(/^system\/([A-Z][A-Za-z]*|\*)\.c?r?u?d?s?$/, 'write scopes such as "system/Condition.rs"'))
      .min(1)
  })
  .refine((one) => (one.secretHash === undefined) !== (one.secretFile === undefined), 'give either secretHash or secretFile')

/** What `ligature.config.ts` (its default export) or `ligature.config.json` may hold. */
export const configFile = z.strictObject({
  dataFolder: z.string().min(1).default('.ligature'),
  databaseUrl: secretSource.optional(),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int('write a port number').min(0).max(65_535).default(8080),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'use debug, info, warn, error or silent').default('info'),
  /** How long a worker owns a connection without a sign of life. */
  lease: duration.default(60_000),
  /** How long a write to a partner may take; less than half the lease, so that nobody else has it meanwhile. */
  deadline: duration.default(25_000),
  /** How long after an unanswered write a partner may still carry it out. */
  settle: duration.default(120_000),
  connections: z.array(connection).default([]).refine(haveDistinctNames, 'two connections have the same name: rename one'),
  clients: z.array(client).default([])
})

export type ConfigFile = z.input<typeof configFile>

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === ''
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function haveDistinctNames(connections: readonly { name: string }[]): boolean {
  return new Set(connections.map((one) => one.name)).size === connections.length
}
