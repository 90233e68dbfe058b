import type { Command } from 'commander'
import { linkAlone } from '../sync/crosswalk/link-identity.ts'
import { listIdentities } from '../sync/crosswalk/list-identities.ts'
import { type Cli, printResult } from './cli.ts'
import { assertionOf, deciding, identityKinds } from './crosswalk-assertion.ts'
import { importCrosswalk } from './crosswalk-import.ts'
import { unlink } from './crosswalk-unlink.ts'
import { table } from './table.ts'
import { withEngine } from './with-engine.ts'
import { WrongUse } from './wrong-use.ts'

interface Options {
  readonly json?: boolean
}

/** `ligature crosswalk`: which Patient and Practitioner the ids of a partner mean. Said by people and EHRs, never guessed. */
export function addCrosswalkCommand(program: Command, cli: Cli): void {
  const crosswalk = program
    .command('crosswalk')
    .description("which Patient and Practitioner a partner's ids mean: list, link, unlink, import")
  crosswalk
    .command('list', { isDefault: true })
    .description('every id that the hub knows, what bears it, and who says so')
    .argument('[connection]', 'only of this connection')
    .option('--json', 'as JSON')
    .action((connection: string | undefined, { json }: Options) =>
      withEngine(cli, async ({ store }) => {
        const found = await listIdentities(store, connection)
        printResult(cli, json, found, () =>
          found.length === 0
            ? 'No id of a person is known.'
            : table(
                ['connection', 'kind', 'id', 'resource', 'said by'],
                found.map((one) => [
                  one.connection,
                  one.kind,
                  one.partnerId,
                  one.reference,
                  one.isStub ? 'nobody yet (stub)' : (one.by ?? one.origin)
                ])
              )
        )
      })
    )
  crosswalk
    .command('link')
    .description('this id means that resource; a stub that was made for the id is merged into it')
    .argument('<connection>', 'as spry')
    .argument('<kind>', identityKinds.join(', '))
    .argument('<id>', "the partner's id of the person")
    .argument('<resource>', 'as Patient/<id>, or one of its identifiers as system|value')
    .option('--json', 'as JSON')
    .action((connection: string, kind: string, partnerId: string, reference: string, { json }: Options) =>
      withEngine(cli, async (open) => {
        const made = assertionOf(open, { connection, kind, partnerId, reference })
        if (typeof made === 'string') throw new WrongUse(`${made}.`)
        const linked = await linkAlone(open.store, made, deciding(cli, open))
        if ('message' in linked) throw new WrongUse(`Not linked: ${linked.message}.`)
        printResult(cli, json, linked, () =>
          linked.outcome === 'linked' ? `Linked to ${linked.reference}.` : `${linked.reference} bears it already.`
        )
      })
    )
  crosswalk
    .command('unlink')
    .description('this id does not mean that resource after all: what came from the partner moves to a stub')
    .argument('<connection>', 'as spry')
    .argument('<kind>', identityKinds.join(', '))
    .argument('<id>', "the partner's id of the person")
    .option('--json', 'as JSON')
    .action((connection: string, kind: string, partnerId: string, { json }: Options) =>
      unlink(cli, { connection, kind, partnerId }, json)
    )
  crosswalk
    .command('import')
    .description(
      'link many: a CSV file with the columns partner_id, reference (Patient/<id> or system|value), kind (default patient) and connection; exit code 1 when some cannot be linked'
    )
    .argument('<FILE>', 'the file, or - for standard input')
    .option('--connection <NAME>', 'the connection of the rows that name none')
    .option('--json', 'as JSON')
    .action((file: string, options: Options & { connection?: string }) => importCrosswalk(cli, file, options))
}
