/** Dates and times as text: digits are never passed through a `Date`, which would lose microseconds. */
import { type Conversion, conversion, Unreadable } from './conversion.ts'

const zone = /^[+-](0\d|1[0-4]):[0-5]\d$/

const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const digit = (text: string, at: number): number => {
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : Number.NaN
}
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1)

/** Whether a text begins with a day `YYYY-MM-DD` that exists. */
function hasDay(text: string): boolean {
  const year = two(text, 0) * 100 + two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  if (!(year > 0) || text[4] !== '-' || text[7] !== '-') return false
  const length = lengths[month - 1]
  if (length === undefined || !(day >= 1 && day <= length)) return false
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))
}

/**
 * How much of a text is a time `YYYY-MM-DDThh:mm`, `…:ss` or `…:ss.f`: the index after it, or 0 where there is none or no such
 * moment exists. Read unit by unit, since a record bears several times and a regular expression takes longer than the rest of it.
 */
function timeEnd(text: string): number {
  if (!hasDay(text) || text[10] !== 'T' || text[13] !== ':' || !(two(text, 11) < 24) || !(two(text, 14) < 60)) return 0
  if (text[16] !== ':') return 16
  if (!(two(text, 17) < 60)) return 0
  if (text[19] !== '.') return 19
  let end = 20
  while (digit(text, end) >= 0) end++
  return end === 20 ? 0 : end
}

const isZoned = (text: string): boolean => {
  const end = timeEnd(text)
  return end >= 19 && (text.slice(end) === 'Z' || zone.test(text.slice(end)))
}

/** A calendar date, `YYYY-MM-DD` on both sides; never through a `Date`, which would shift it. */
export const date: Conversion<string, string> = conversion('date', {
  toFhir: (value) => (value.length === 10 && hasDay(value) ? value : new Unreadable('is not a date of the form YYYY-MM-DD')),
  toPartner: (value) => (/^\d{4}-\d{2}-\d{2}$/.test(value) ? value : new Unreadable('is less precise than a day, or has a time'))
})

/** A partner time without a zone that is known to be UTC: a `Z` is appended and every digit kept. */
export const utc: Conversion<string, string> = conversion(
  'UTC time, zone appended',
  {
    toFhir(value) {
      const end = timeEnd(value)
      if (end === 0 || end !== value.length) return new Unreadable('is not a time of the form YYYY-MM-DDThh:mm:ss')
      return end === 16 ? `${value}:00Z` : `${value}Z`
    },
    toPartner(value) {
      if (value.endsWith('Z')) return value.slice(0, -1)
      return isZoned(value) ? new Date(value).toISOString().slice(0, -1) : new Unreadable('is not a time with a zone')
    }
  },
  { loses: ['a time without seconds comes back with :00'] }
)

/** A partner time that bears its zone, on both sides the same. */
export const instantText: Conversion<string, string> = conversion('time with zone', {
  toFhir: (value) => (isZoned(value) ? value : new Unreadable('is not a time with seconds and a zone')),
  toPartner: (value) => value
})
