import { type DestinationStream, type Level, pino } from 'pino'

/**
 * What a log line may hold besides its event. Anything else is dropped, so that no patient data reaches a log: no bodies, no urls,
 * no messages of errors that come from outside.
 */
export interface LogFields {
  readonly connection?: string
  readonly entity?: string
  readonly linkId?: string
  readonly runId?: string
  readonly intentId?: string
  readonly job?: string
  readonly method?: string
  /** The pattern of a route, `/fhir/R4/:type/:id`, never the path that was asked for. */
  readonly route?: string
  readonly status?: number
  readonly count?: number
  readonly counts?: Readonly<Record<string, number>>
  readonly durationMs?: number
  readonly port?: number
  readonly migration?: string
  /** Its class and code are logged, never its message. */
  readonly error?: unknown
}

/** Writes events, named in the past tense or as a state: `run finished`, `postgres started again`. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log
}

export type LogLevel = Level | 'silent'

/** A log of JSON lines, on standard error unless told otherwise: standard output belongs to what a command prints. */
export function createLog(level: LogLevel, destination: DestinationStream = pino.destination({ dest: 2, sync: true })): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' }, destination)
  return over((lineLevel, event, fields) => logger[lineLevel](fields, event), {})
}

/** A log that nobody reads. */
export const silentLog: Log = over(() => {}, {})

type Write = (level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: Record<string, unknown>) => void

function over(write: Write, always: LogFields): Log {
  const at = (level: Parameters<Write>[0]) => (event: string, fields?: LogFields) =>
    write(level, event, allowed({ ...always, ...fields }))
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => over(write, { ...always, ...fields })
  }
}

const texts = ['connection', 'entity', 'linkId', 'runId', 'intentId', 'job', 'method', 'route', 'migration'] as const
const numbers = ['status', 'count', 'durationMs', 'port'] as const

function allowed(fields: LogFields): Record<string, unknown> {
  const line: Record<string, unknown> = {}
  for (const name of texts) if (typeof fields[name] === 'string') line[name] = fields[name].slice(0, 200)
  for (const name of numbers) if (typeof fields[name] === 'number') line[name] = fields[name]
  if (fields.counts) line.counts = onlyNumbers(fields.counts)
  if (fields.error !== undefined) Object.assign(line, errorFields(fields.error))
  return line
}

function onlyNumbers(counts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => typeof value === 'number'))
}

/** The class of an error and its code (`ECONNRESET`, SQLSTATE `23505`); a code is only believed when it looks like one. */
function errorFields(error: unknown): Record<string, unknown> {
  const code = (error as { code?: unknown } | null)?.code
  const isCode = typeof code === 'number' || (typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code))
  const name = error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : typeof error
  return { error: name, ...(isCode && { errorCode: code }) }
}
