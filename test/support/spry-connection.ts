/** A connection to Spry's twin as a test configures it. */
import { partner as spry } from '../../mappings/spry/partner.ts'
import { createClient } from '../../src/partner/index.ts'
import { loadPartners } from '../../src/partners.ts'
import type { Ports } from '../../src/ports.ts'
import type { SyncConnection } from '../../src/sync/connection.ts'

export interface ConnectionOptions {
  readonly allowUpdate?: boolean
  readonly absenceGuard?: number
  readonly webhookSecrets?: readonly string[]
}

export async function spryConnection(
  url: string,
  ports: Pick<Ports, 'http' | 'clock'>,
  options: ConnectionOptions = {}
): Promise<SyncConnection> {
  const partners = await loadPartners()
  const account = { name: 'spry', baseUrl: url, token: async () => 'token', grants: { allowUpdate: options.allowUpdate ?? true } }
  return {
    name: 'spry',
    client: createClient(spry, account, ports),
    serviceTimeZone: 'UTC',
    entities: partners.find((one) => one.name === 'spry')?.entities ?? [],
    schedule: '* * * * *',
    sweepEveryMs: 3_600_000,
    absenceGuard: options.absenceGuard ?? 0.2,
    webhookSecrets: () => options.webhookSecrets ?? [],
    paused: () => false
  }
}
