import type { Access, Interaction } from '../fhir/access.ts'

const letters: Record<Interaction, string> = { create: 'c', read: 'r', update: 'u', delete: 'd', search: 's' }
const older: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' }

/** `system/Condition.rs`: which interactions on which type. Undefined for any other scope, which then grants nothing. */
function readScope(scope: string): { type: string; allowed: string } | undefined {
  const [, type, actions] = /^system\/(\*|[A-Z][A-Za-z]{1,40})\.(read|write|\*|c?r?u?d?s?)$/.exec(scope) ?? []
  return type === undefined || !actions ? undefined : { type, allowed: older[actions] ?? actions }
}

/** What SMART v2 system scopes (and v1 ones) allow. */
export function accessOf(scopes: readonly string[]): Access {
  const grants = scopes.flatMap((scope) => readScope(scope) ?? [])
  return {
    may: (interaction, resourceType) =>
      grants.some(({ type, allowed }) => (type === '*' || type === resourceType) && allowed.includes(letters[interaction]))
  }
}

/** The asked scopes that the client may have; all of its own when it asks for none. */
export function grantedScopes(asked: readonly string[], own: readonly string[]): string[] {
  if (asked.length === 0) return [...own]
  const owned = own.flatMap((scope) => readScope(scope) ?? [])
  return asked.filter((scope) => {
    const wanted = readScope(scope)
    return (
      wanted &&
      [...wanted.allowed].every((letter) => owned.some((has) => covers(has.type, wanted.type) && has.allowed.includes(letter)))
    )
  })
}

function covers(type: string, wanted: string): boolean {
  return type === '*' || type === wanted
}
