import { boundEntity } from '../sync/connection.ts'
import { isIdentityKind } from '../sync/crosswalk/identity.ts'
import { type Unlinking, unlinkIdentity } from '../sync/crosswalk/unlink-identity.ts'
import { repeatOnCollision } from '../sync/repeat-on-collision.ts'
import { type Cli, printResult } from './cli.ts'
import { deciding, identityKinds } from './crosswalk-assertion.ts'
import { withEngine } from './with-engine.ts'
import { WrongUse } from './wrong-use.ts'

/** Takes back what somebody said of an id. */
export async function unlink(
  cli: Cli,
  { connection, kind, partnerId }: Readonly<Record<'connection' | 'kind' | 'partnerId', string>>,
  json: boolean | undefined
): Promise<void> {
  if (!isIdentityKind(kind)) throw new WrongUse(`'${kind}' is no kind of id; write ${identityKinds.slice(0, -1).join(', ')}.`)
  await withEngine(cli, async (open) => {
    const find = (name: string) => open.connections.list.find((one) => one.name === name)
    const found = find(connection)
    if (!found) throw new WrongUse(`There is no connection '${connection}'.`)
    const unlinking: Unlinking = {
      ...deciding(cli, open),
      newId: open.ports.newId,
      partnerOf: (name) => find(name)?.client.partner.name ?? name,
      boundOf: (link) => {
        const one = find(link.connection)
        return one?.entities.some(({ name }) => name === link.entity) ? boundEntity(one, link.entity) : undefined
      }
    }
    const unlinked = await repeatOnCollision(() =>
      open.store.transaction((tx) => unlinkIdentity(tx, { connection, kind, partnerId }, unlinking))
    )
    if ('message' in unlinked) throw new WrongUse(`Not unlinked: ${unlinked.message}.`)
    const { reference, stub } = unlinked
    printResult(cli, json, unlinked, () => `Unlinked from ${reference}; what came from the partner is now about ${stub}.`)
  })
}
