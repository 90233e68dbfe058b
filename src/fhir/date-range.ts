/** A span of time, in milliseconds since 1970; the end is exclusive. */
export interface DateRange {
  readonly start: number
  readonly end: number
}

/** A period without a start began before, one without an end goes on after, everything that a Date can hold. */
export const openStart = -8.64e15
export const openEnd = 8.64e15

const pattern = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/

const minute = 60_000
const day = 24 * 60 * minute

/**
 * The range that a FHIR date, dateTime or instant means: `2026-03` is all of March, `2026-03-01T10:00:00Z` is one second.
 * A date without a zone counts in UTC. Undefined when it is no date (`2026-02-30`).
 */
export function dateRange(text: string): DateRange | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, year, month, dayOfMonth, hour, min, second, fraction, zone] = match
  const y = Number(year)
  if (month === undefined) return { start: utc(y, 0, 1), end: utc(y + 1, 0, 1) }
  const m = Number(month) - 1
  if (m < 0 || m > 11) return undefined
  if (dayOfMonth === undefined) return { start: utc(y, m, 1), end: utc(y, m + 1, 1) }
  const d = Number(dayOfMonth)
  const midnight = utc(y, m, d)
  if (d < 1 || new Date(midnight).getUTCDate() !== d) return undefined
  if (hour === undefined) return { start: midnight, end: midnight + day }
  const seconds = Number(hour) * 3600 + Number(min) * 60 + Number(second ?? 0)
  if (Number(hour) > 24 || Number(min) > 59 || Number(second ?? 0) > 60) return undefined
  const millis = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000)
  const start = midnight + seconds * 1000 + millis - offset(zone)
  return { start, end: start + (second === undefined ? minute : fraction === undefined ? 1000 : 1) }
}

/** The range of a Period; undefined when neither end says anything. */
export function periodRange(period: { readonly start?: unknown; readonly end?: unknown }): DateRange | undefined {
  const start = typeof period.start === 'string' ? dateRange(period.start) : undefined
  const end = typeof period.end === 'string' ? dateRange(period.end) : undefined
  if (!start && !end) return undefined
  return { start: start?.start ?? openStart, end: end?.end ?? openEnd }
}

function utc(year: number, month: number, dayOfMonth: number): number {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999
  return year < 100 ? new Date(0).setUTCFullYear(year, month, dayOfMonth) : Date.UTC(year, month, dayOfMonth)
}

function offset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return (zone[0] === '-' ? -minutes : minutes) * minute
}
