const second = 1000
const unstated = 30 * second
const longest = 24 * 3600 * second

/** How long a `Retry-After` header asks to wait: seconds or an HTTP date; half a minute when it says nothing that can be read. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? ''
  const wait = /^\d+$/.test(text) ? Number(text) * second : Date.parse(text) - now
  return Number.isNaN(wait) ? unstated : Math.min(Math.max(wait, 0), longest)
}
