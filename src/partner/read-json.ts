import { parse } from 'secure-json-parse'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads JSON from bytes; throws on invalid UTF-8, on invalid JSON and on keys that would reach into prototypes. */
export function readJson(text: Uint8Array): unknown {
  const value: unknown = parse(utf8.decode(text))
  return value
}
