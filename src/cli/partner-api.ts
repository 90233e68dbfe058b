import { existsSync } from 'node:fs'
import type { Partner, StartTwin } from '#partner'
import type { PartnerModule } from '../partners.ts'

/** A partner's API as its folder declares it in `partner.ts`; undefined for a folder that only has mappings. */
export async function partnerApi({ folder }: PartnerModule): Promise<Partner | undefined> {
  return (await load<{ partner?: Partner }>(new URL('partner.ts', folder)))?.partner
}

/** How the partner's twin is started, where its folder has one in `twin.ts`. */
export async function twinStarter({ folder }: PartnerModule): Promise<StartTwin | undefined> {
  return (await load<{ startTwin?: StartTwin }>(new URL('twin.ts', folder)))?.startTwin
}

async function load<M>(file: URL): Promise<M | undefined> {
  return existsSync(file) ? ((await import(file.href)) as M) : undefined
}
