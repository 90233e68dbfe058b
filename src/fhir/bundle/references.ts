/** What a reference becomes; undefined leaves it as it is. The path says where it stands. */
export type Resolve = (reference: string, path: string) => string | undefined

/** Elements of type uri, url or canonical that may name another entry of a bundle. */
const linkElement = /^(?:url|uri|.*(?:Uri|Url|Canonical))$/

/**
 * The value with every reference resolved: `Reference.reference`, uris and urls, links in narratives. Only what changes is copied.
 */
export function withReferences<T>(value: T, resolve: Resolve, path: string): T {
  return rewrite(value, resolve, path) as T
}

function rewrite(value: unknown, resolve: Resolve, path: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item, n) => rewrite(item, resolve, `${path}[${n}]`))
    return items.some((item, n) => item !== value[n]) ? items : value
  }
  if (typeof value !== 'object' || value === null) return value
  let copy: Record<string, unknown> | undefined
  for (const [name, old] of Object.entries(value)) {
    const place = `${path}.${name}`
    const next = typeof old === 'string' ? resolveText(name, old, resolve, place) : rewrite(old, resolve, place)
    if (next === old) continue
    copy ??= { ...value }
    copy[name] = next
  }
  return copy ?? value
}

function resolveText(name: string, text: string, resolve: Resolve, path: string): string {
  if (name === 'reference' || (linkElement.test(name) && text.startsWith('urn:uuid:'))) return resolve(text, path) ?? text
  if (name === 'div') {
    return text.replace(/((?:href|src)\s*=\s*["'])(urn:uuid:[^"']+)/g, (all, before: string, link: string) => {
      const resolved = resolve(link, path)
      return resolved === undefined ? all : before + resolved
    })
  }
  return text
}
