import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { MedplumClient } from '@medplum/core'
import { afterAll } from 'vitest'
import { clock } from '../../../src/adapters/clock.ts'
import { newId } from '../../../src/adapters/new-id.ts'
import { HubRepository } from '../../../src/fhir/hub-repository.ts'
import type { OnWrite } from '../../../src/fhir/store/write-changes.ts'
import { createApp } from '../../../src/http/app.ts'
import type { AuthOptions, FhirClient } from '../../../src/http/auth.ts'
import { testDatabase } from '../../support/test-database.ts'

/** A hub on a database of its own, served over real HTTP until the test file is done. */
export async function testServer(
  options: { onWrite?: OnWrite; auth?: Partial<AuthOptions>; tokenRequestsPerMinute?: number } = {}
) {
  const { db } = await testDatabase()
  const hub = new HubRepository({
    db,
    clock,
    newId,
    random: Math.random,
    ...(options.onWrite ? { onWrite: options.onWrite } : {})
  })
  const auth = { sandbox: true, boundToLoopback: true, clients: [], tokenKey: new Uint8Array(32).fill(7), ...options.auth }
  const limit = options.tokenRequestsPerMinute === undefined ? {} : { tokenRequestsPerMinute: options.tokenRequestsPerMinute }
  const app = createApp({ hub, db, clock, newId, auth, ...limit })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  afterAll(() => new Promise((resolve) => server.close(resolve)))
  return { db, hub, url, base: `${url}/fhir/R4`, medplum: medplumAt(url) }
}

/** The unmodified client, without its retries. */
export function medplumAt(url: string): MedplumClient {
  return new MedplumClient({ baseUrl: `${url}/`, fetch, maxRetries: 0, cacheTime: 0 } as ConstructorParameters<
    typeof MedplumClient
  >[0])
}

export function client(clientId: string, secret: string, ...scopes: string[]): FhirClient {
  return { clientId, secretHash: createHash('sha256').update(secret).digest('hex'), scopes }
}

export const json = { 'content-type': 'application/fhir+json' }
