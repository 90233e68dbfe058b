import { createHash } from 'node:crypto'

/** Stands between tokens on their way to Postgres; no token contains it. */
export const tokenSeparator = '\u001f'

/**
 * A key or token as it is stored and as it is searched: without the characters that cannot be sent, and a long one cut to a
 * beginning and a digest, because an index row of Postgres has room for 2,700 bytes.
 */
export function indexable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a string of Postgres holds no NUL, and the others separate
  const clean = /[\u0000\u001e\u001f]/.test(text) ? text.replace(/[\u0000\u001e\u001f]/g, '') : text
  return clean.length <= 240 ? clean : `${clean.slice(0, 100)}#${createHash('sha256').update(clean).digest('hex')}`
}
