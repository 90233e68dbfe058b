import type { Command } from 'commander'
import type { Call, Partner, RecordType } from '#partner'
import { type Config, readConfig } from '../config.ts'
import { loadPartners, type PartnerModule } from '../partners.ts'
import { type Cli, printResult } from './cli.ts'
import { partnerApi } from './partner-api.ts'
import { paragraphs, table } from './table.ts'

/** `ligature partners`: what is known of each partner's API, what was assumed, and what the connections allow. */
export function addPartnersCommand(program: Command, cli: Cli): void {
  program
    .command('partners')
    .description("the partners' calls with their effect class and source, record types, connections, and what is assumed")
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const config = await readConfig(cli.env, cli.folder)
      const described = await Promise.all((await loadPartners()).map((module) => describe(module, config)))
      printResult(cli, json, described, () => described.map(inWords).join('\n\n\n'))
    })
}

type Described = Awaited<ReturnType<typeof describe>>

async function describe(module: PartnerModule, config: Config) {
  const api = await partnerApi(module)
  const grants = [...new Set(Object.values<Call>(api?.calls ?? {}).flatMap(({ grant }) => (grant === undefined ? [] : [grant])))]
  return {
    name: module.name,
    title: api?.title ?? module.name,
    mappings: module.entities.map((entity) => ({ name: `${module.name}/${entity.name}`, source: entity.source })),
    connections: connectionsOf(module, config, grants),
    recordTypes: Object.entries<RecordType>(api?.recordTypes ?? {}).map(([name, type]) => ({
      name,
      key: type.key,
      cursorTrust: type.trust,
      list: type.list?.call ?? null,
      read: type.read?.call ?? null,
      create: type.create?.call ?? null,
      update: type.update?.call ?? null
    })),
    calls: Object.entries<Call>(api?.calls ?? {}).map(([name, call]) => ({
      name,
      method: call.method,
      path: call.path,
      effect: call.effect,
      irreversible: call.irreversible ?? false,
      grant: call.grant ?? null,
      source: call.source
    })),
    assumptions: (api as Partner | undefined)?.assumptions ?? []
  }
}

function connectionsOf({ name }: PartnerModule, config: Config, grants: readonly string[]) {
  if (config.connections.length === 0) return [{ name, kind: 'twin', grants, paused: false }]
  return config.connections
    .filter((one) => one.partner === name)
    .map((one) => ({
      name: one.name,
      kind: 'account',
      grants: grants.filter((grant) => grant === 'allowUpdate' && one.allowUpdate),
      paused: one.paused
    }))
}

function inWords(one: Described): string {
  const calls = one.calls.map((call) => [
    call.name,
    `${call.method} ${call.path}`,
    call.irreversible ? `${call.effect}, irreversible` : call.effect,
    call.source.kind === 'documented' ? `documented: ${call.source.where}` : `assumed: ${call.source.assumption}`,
    call.grant
  ])
  const types = one.recordTypes.map((type) => [
    type.name,
    type.key,
    type.cursorTrust,
    type.list,
    type.read,
    type.create,
    type.update
  ])
  return paragraphs(
    `${one.title} (${one.name}): ${one.mappings.map((mapping) => mapping.name).join(', ')}`,
    one.connections.map(connectionInWords).join('\n') || 'No connection is configured.',
    types.length > 0 ? table(['record type', 'key', 'cursor trust', 'list', 'read', 'create', 'update'], types) : undefined,
    calls.length > 0 ? table(['call', 'request', 'effect', 'source', 'needs grant'], calls) : undefined,
    ...one.assumptions.map(
      ({ name, assumed, why, ask }) => `assumption ${name}\n  assumed: ${assumed}\n  because: ${why}\n  to ask:  ${ask}`
    )
  )
}

function connectionInWords({ name, kind, grants, paused }: Described['connections'][number]): string {
  const where = kind === 'twin' ? "the partner's twin (sandbox)" : 'an account'
  const granted = grants.length > 0 ? `grants ${grants.join(', ')}` : 'grants nothing'
  return `connection ${name}: ${where}, ${granted}${paused ? ', paused' : ''}`
}
