/** Times as text: digits are never passed through a `Date`, which would lose microseconds. */
import { type Conversion, conversion, isRealDay, Unreadable } from './conversion.ts'

const zoneless = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(:(\d{2})(\.\d+)?)?$/
const zoned = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/

function isReal(parts: RegExpExecArray, seconds: string | undefined): boolean {
  return (
    parts[1] !== '0000' &&
    isRealDay(Number(parts[1]), Number(parts[2]), Number(parts[3])) &&
    Number(parts[4]) < 24 &&
    Number(parts[5]) < 60 &&
    Number(seconds ?? 0) < 60
  )
}

/** A partner time without a zone that is known to be UTC: a `Z` is appended and every digit kept. */
export const utc: Conversion<string, string> = conversion(
  'UTC time, zone appended',
  {
    toFhir(value) {
      const parts = zoneless.exec(value)
      if (!parts || !isReal(parts, parts[7])) return new Unreadable('is not a time of the form YYYY-MM-DDThh:mm:ss')
      return parts[6] === undefined ? `${value}:00Z` : `${value}Z`
    },
    toPartner(value) {
      if (value.endsWith('Z')) return value.slice(0, -1)
      return zoned.test(value) ? new Date(value).toISOString().slice(0, -1) : new Unreadable('is not a time with a zone')
    },
  },
  { loses: ['a time without seconds comes back with :00'] },
)

/** A partner time that bears its zone, on both sides the same. */
export const instantText: Conversion<string, string> = conversion('time with zone', {
  toFhir(value) {
    const parts = zoned.exec(value)
    return parts && isReal(parts, parts[6]) ? value : new Unreadable('is not a time with seconds and a zone')
  },
  toPartner: (value) => value,
})
