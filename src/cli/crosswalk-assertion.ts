import type { Ports } from '../ports.ts'
import { identityTypes, isIdentityKind } from '../sync/crosswalk/identity.ts'
import type { Assertion } from '../sync/crosswalk/link-identity.ts'
import type { Deciding } from '../sync/crosswalk/merge-identity.ts'
import type { Cli } from './cli.ts'
import type { OpenEngine } from './open-engine.ts'
import { who } from './who.ts'

/** What an id can be the id of. */
export const identityKinds: readonly string[] = [...Object.keys(identityTypes), 'practitioner']

/** The words of a person as an assertion, or what is wrong with them. */
export function assertionOf(
  { engine }: Pick<OpenEngine, 'engine'>,
  { connection, kind, partnerId, reference }: Readonly<Record<'connection' | 'kind' | 'partnerId' | 'reference', string>>
): Assertion | string {
  const known = engine.connections.map(({ name }) => name)
  if (!known.includes(connection)) return `There is no connection '${connection}'; the connections are ${known.join(', ')}`
  if (!isIdentityKind(kind) && kind !== 'practitioner') return `'${kind}' is no kind of id; write ${identityKinds.join(', ')}`
  if (partnerId === '') return "The partner's id is missing"
  if (!/^[A-Z][A-Za-z]+\/[^/|]+$|^[^|]*\|.+$/.test(reference))
    return 'The resource is missing: write Patient/<id>, or system|value'
  return { connection, kind, partnerId, reference }
}

export const deciding = (cli: Cli, { ports }: { readonly ports: Ports }): Deciding => ({
  now: ports.clock.now(),
  actor: who(cli)
})
