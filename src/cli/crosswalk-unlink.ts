import { boundEntity } from '../sync/connection.ts'
import { isIdentityKind } from '../sync/identity.ts'
import { isCollision } from '../sync/pull.ts'
import { type Unlinked, type Unlinking, unlinkIdentity } from '../sync/unlink-identity.ts'
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
    let unlinked: Unlinked | undefined
    for (let tries = 1; !unlinked; tries++) {
      try {
        unlinked = await open.store.transaction((tx) => unlinkIdentity(tx, { connection, kind, partnerId }, unlinking))
      } catch (error) {
        if (tries >= 5 || !isCollision(error)) throw error
      }
    }
    if ('message' in unlinked) throw new WrongUse(`Not unlinked: ${unlinked.message}.`)
    const { reference, stub } = unlinked
    printResult(cli, json, unlinked, () => `Unlinked from ${reference}; what came from the partner is now about ${stub}.`)
  })
}
