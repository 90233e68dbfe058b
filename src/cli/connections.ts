import { createClient } from '#partner'
import type { Config, ConnectionConfig } from '../config.ts'
import type { PartnerModule } from '../partners.ts'
import type { Ports } from '../ports.ts'
import type { SyncConnection } from '../sync/connection.ts'
import { partnerApi } from './partner-api.ts'
import { openSandbox, type SandboxTwin } from './sandbox.ts'
import { WrongUse } from './wrong-use.ts'

export interface Connections {
  readonly list: readonly SyncConnection[]
  /** None where real accounts are configured. */
  readonly twins: readonly SandboxTwin[]
  close(): Promise<void>
}

/** The connections that are configured, or without any the sandbox with its twins. */
export async function openConnections(
  config: Config,
  partners: readonly PartnerModule[],
  ports: Ports,
  webhooksUrl?: string
): Promise<Connections> {
  if (config.connections.length === 0) {
    const { twins, close } = await openSandbox({ dataFolder: config.dataFolder, partners, ports, webhooksUrl })
    return { list: twins.map((twin) => twin.connection), twins, close }
  }
  const list = await Promise.all(config.connections.map((one) => configured(one, partners, ports)))
  return { list, twins: [], close: async () => {} }
}

async function configured(one: ConnectionConfig, partners: readonly PartnerModule[], ports: Ports): Promise<SyncConnection> {
  const module = partners.find(({ name }) => name === one.partner)
  const partner = module && (await partnerApi(module))
  if (!module || !partner) {
    const known = partners.map(({ name }) => name).join(', ')
    throw new WrongUse(`Connection ${one.name}: there is no partner '${one.partner}'. The partners are ${known}.`)
  }
  const grants = { allowUpdate: one.allowUpdate }
  return {
    name: one.name,
    client: createClient(partner, { name: one.name, baseUrl: one.baseUrl, token: async () => one.token(), grants }, ports),
    serviceTimeZone: one.serviceTimeZone,
    entities: module.entities,
    schedule: one.schedule,
    sweepEveryMs: one.sweepEveryMs,
    absenceGuard: one.absenceGuard,
    webhookSecrets: () => one.webhookSecrets.map((secret) => secret()),
    paused: () => one.paused
  }
}
