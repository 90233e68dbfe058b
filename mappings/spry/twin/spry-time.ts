/** Spry's two writings of a time, from microseconds since 1970: zoneless in `…_at`, with Z in `…_date`; no trailing zeros. */
export function zonelessTime(micros: number): string {
  const millis = Math.floor(micros / 1000)
  const fraction = String((millis % 1000) * 1000 + (micros % 1000))
    .padStart(6, '0')
    .replace(/0+$/, '')
  const whole = new Date(millis - (millis % 1000)).toISOString().slice(0, 19)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

export const zonedTime = (micros: number) => `${zonelessTime(micros)}Z`

/** In the documented answer `updated_date` is this much later than `updated_at`. */
export const updatedDateLag = 2081

/** Microseconds of a zoneless or zoned literal; NaN where it is none. */
export function microsOf(literal: string): number {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?Z?)?$/.exec(literal)
  if (parts === null) return Number.NaN
  return Date.parse(`${parts[1]}T${parts[2] ?? '00:00:00'}Z`) * 1000 + Number((parts[3] ?? '').padEnd(6, '0'))
}
