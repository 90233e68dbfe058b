import { readJson } from './read-json.ts'
import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  openBrace,
  openBracket,
  PageUnreadable,
  quote,
  skipSpace,
  skipString,
  skipValue,
  unreadable
} from './scan-json.ts'

/** Where one record lies in the bytes of a page, `start` inclusive, `end` exclusive, without white space around it. */
export interface RecordRange {
  readonly start: number
  readonly end: number
  /** The record's value of the key field, as text; undefined where it has none. */
  readonly key: string | undefined
}

/** A page cut into its records; `start` and `end` are the array's brackets. */
export interface SplitPage {
  readonly start: number
  readonly end: number
  readonly records: readonly RecordRange[]
}

/**
 * Finds the records of a page in one scan, without parsing any, so that records whose bytes are known need not be parsed at all.
 *
 * Law: the records and the envelope (`readEnvelope`) parse if and only if the document does, and to the same values. As in
 * `JSON.parse` the last of equal keys counts.
 */
export function splitRecords(text: Uint8Array, path: readonly string[], keyField?: string): SplitPage {
  const page = new PageScan(text, keyField)
  const start = skipSpace(text, text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0)
  const end = page.scanValue(start, path, 0)
  if (skipSpace(text, end) !== text.length) throw unreadable('text after the end of the document', end)
  if (page.found === undefined) throw new PageUnreadable(`The page has no array at ${path.join('.') || 'its top'}`)
  return page.found
}

/** The page with its array emptied: totals, cursors and codes, without the cost of its records. */
export function readEnvelope(text: Uint8Array, page: SplitPage): unknown {
  return readJson(Buffer.concat([text.subarray(0, page.start + 1), text.subarray(page.end - 1)]))
}

/** Walks down the path and cuts the array at its end. Positions are those of the byte after what was scanned. */
class PageScan {
  readonly text: Uint8Array
  readonly bytes: Buffer
  readonly keyField: string | undefined
  found: SplitPage | undefined

  constructor(text: Uint8Array, keyField: string | undefined) {
    this.text = text
    this.bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    this.keyField = keyField
  }

  scanValue(at: number, path: readonly string[], level: number): number {
    // A later value at the same place replaces an earlier one, whatever it is.
    this.found = undefined
    const first = this.text[at]
    if (level === path.length) return first === openBracket ? this.scanArray(at) : skipValue(this.text, at)
    return first === openBrace ? this.scanObject(at, path, level) : skipValue(this.text, at)
  }

  scanObject(start: number, path: readonly string[], level: number): number {
    const { text } = this
    let at = skipSpace(text, start + 1)
    if (text[at] === closeBrace) return at + 1
    for (;;) {
      if (text[at] !== quote) throw unreadable('a key was expected', at)
      const keyEnd = skipString(text, at + 1)
      const isNext = this.isText(at, keyEnd, path[level] ?? '')
      at = skipSpace(text, keyEnd)
      if (text[at] !== colon) throw unreadable('a colon was expected', at)
      at = skipSpace(text, at + 1)
      at = skipSpace(text, isNext ? this.scanValue(at, path, level + 1) : skipValue(text, at))
      if (text[at] === closeBrace) return at + 1
      if (text[at] !== comma) throw unreadable('a comma or the end of an object was expected', at)
      at = skipSpace(text, at + 1)
    }
  }

  scanArray(start: number): number {
    const { text } = this
    const records: RecordRange[] = []
    let at = skipSpace(text, start + 1)
    if (text[at] === closeBracket) at++
    else {
      for (;;) {
        const from = at
        let key: string | undefined
        if (this.keyField !== undefined && text[at] === openBrace) {
          const keyed = this.skipKeyed(at, this.keyField)
          at = keyed.end
          key = keyed.key
        } else at = skipValue(text, at)
        records.push({ start: from, end: at, key })
        at = skipSpace(text, at)
        const next = text[at++]
        if (next === closeBracket) break
        if (next !== comma) throw unreadable('a comma or the end of the array was expected', at - 1)
        at = skipSpace(text, at)
      }
    }
    this.found = { start, end: at, records }
    return at
  }

  /** Skips an object as `skipValue` does and picks up its key field on the way. */
  skipKeyed(start: number, keyField: string): { end: number; key: string | undefined } {
    const { text } = this
    const length = text.length
    let key: string | undefined
    let depth = 0
    for (let at = start; at < length; at++) {
      const byte = text[at] as number
      if (byte === quote) {
        const end = skipString(text, at + 1)
        // A string that a colon follows is a key, and at depth 1 it is one of the record's own.
        if (depth === 1 && this.isText(at, end, keyField)) {
          const after = skipSpace(text, end)
          if (text[after] === colon) key = this.scalarAt(skipSpace(text, after + 1))
        }
        at = end - 1
      } else if ((byte | 0x20) === openBrace) depth++
      else if ((byte | 0x20) === closeBrace && --depth === 0) return { end: at + 1, key }
    }
    throw unreadable('a record does not end', start)
  }

  /** Whether the string literal from `start` to `end` (quotes included) says `expected`. */
  isText(start: number, end: number, expected: string): boolean {
    const { text } = this
    const length = end - start - 2
    // The first byte decides nearly always; an escape or a letter beyond ASCII is worth a slower look.
    const first = text[start + 1] as number
    if (first !== expected.charCodeAt(0) && first !== backslash && first < 0x80 && length > 0) return false
    const raw = this.bytes.toString('latin1', start + 1, end - 1)
    return raw === expected || (/[\\\x80-\xff]/.test(raw) && this.decoded(start, end) === expected)
  }

  /** A string or number as text; anything else is no key. */
  scalarAt(start: number): string | undefined {
    const { text } = this
    const end = skipValue(text, start)
    const raw = this.bytes.toString('latin1', start, end)
    if (/^"[^\\\x80-\xff]*"$/.test(raw)) return raw.slice(1, -1)
    const value = this.decoded(start, end)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }

  decoded(start: number, end: number): unknown {
    try {
      return readJson(this.text.subarray(start, end))
    } catch {
      return undefined
    }
  }
}
