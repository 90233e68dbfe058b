import type { CallArguments } from './call.ts'

/** A link or a path argument would lead somewhere else than the declared call. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/**
 * The URL of a call.
 * `addressOf('https://spry.example/eu/', '/cases/{id}', { path: { id: 'A/1' } })` is `https://spry.example/eu/cases/A%2F1`.
 */
export function addressOf(baseUrl: string, path: string, given: CallArguments): string {
  if (given.link !== undefined) return sameOrigin(baseUrl, given.link)
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(given.path?.[name] ?? '')
    if (value === '' || value === '.' || value === '..') throw new AddressRefused(`No usable value for {${name}} in ${path}`)
    return encodeURIComponent(value)
  })
  const query = new URLSearchParams(given.query).toString()
  return baseUrl.replace(/\/+$/, '') + filled + (query === '' ? '' : `?${query}`)
}

/** A link that the partner gave, made absolute; the token goes with it, so it must stay on the connection's origin. */
export function sameOrigin(baseUrl: string, link: string): string {
  const base = new URL(baseUrl)
  const url = URL.parse(link, base.href)
  if (url === null || url.origin !== base.origin || url.username !== '' || url.password !== '') {
    throw new AddressRefused(`The partner gave a link that does not lead to ${base.origin}`)
  }
  return url.href
}
