/** Steps over JSON in bytes without parsing it. Positions are those of the byte after what was stepped over. */

export const quote = 0x22
export const backslash = 0x5c
export const comma = 0x2c
export const colon = 0x3a
export const openBracket = 0x5b
export const closeBracket = 0x5d
export const openBrace = 0x7b
export const closeBrace = 0x7d

/** The bytes of a page are no JSON document with an array where the partner's listing has it. Names a place, never content. */
export class PageUnreadable extends Error {
  override readonly name = 'PageUnreadable'
}

/** The end of the value that begins at `at`. Brackets are counted, not paired: what is wrong inside shows when it is parsed. */
export function skipValue(text: Uint8Array, start: number): number {
  const length = text.length
  const first = text[start]
  if (first === quote) return skipString(text, start + 1)
  let at = start
  if (first === openBrace || first === openBracket) {
    let depth = 0
    for (; at < length; at++) {
      const byte = text[at] as number
      // Braces and brackets differ by one bit: 0x7b and 0x5b open, 0x7d and 0x5d close.
      if (byte === quote) at = skipString(text, at + 1) - 1
      else if ((byte | 0x20) === openBrace) depth++
      else if ((byte | 0x20) === closeBrace && --depth === 0) return at + 1
    }
    throw unreadable('an object or array does not end', start)
  }
  while (at < length && !endsScalar(text[at] as number)) at++
  if (at === start) throw unreadable('a value was expected', start)
  return at
}

/** The byte after the closing quote; `at` is the one after the opening quote. */
export function skipString(text: Uint8Array, at: number): number {
  const length = text.length
  while (at < length) {
    const byte = text[at] as number
    if (byte === quote) return at + 1
    at += byte === backslash ? 2 : 1
  }
  throw unreadable('a string does not end', length)
}

export function skipSpace(text: Uint8Array, at: number): number {
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at++
  return at
}

function endsScalar(byte: number): boolean {
  return (
    byte === comma ||
    byte <= 0x20 ||
    (byte | 0x20) === closeBrace ||
    (byte | 0x20) === openBrace ||
    byte === colon ||
    byte === quote
  )
}

export function unreadable(what: string, at: number): PageUnreadable {
  return new PageUnreadable(`The page is no valid JSON: ${what} at byte ${at}`)
}
