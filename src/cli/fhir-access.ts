import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { AuthOptions, FhirClient } from '../http/auth.ts'
import type { NewId } from '../ports.ts'
import { isLoopback } from './http-server.ts'

/** Who may use the FHIR endpoint: on a loopback sandbox everybody on this machine, else the configured clients with their tokens. */
export function fhirAccess(config: Config, newId: NewId): AuthOptions {
  return {
    sandbox: config.connections.length === 0,
    boundToLoopback: isLoopback(config.host),
    clients: config.clients.map(
      ({ clientId, secret, scopes }): FhirClient => ({
        clientId,
        secretHash: 'sha256' in secret ? secret.sha256 : createHash('sha256').update(secret.read()).digest('hex'),
        scopes
      })
    ),
    tokenKey: tokenKey(config.dataFolder, newId)
  }
}

/** Signs access tokens; kept in the data folder, so that tokens outlive a restart. */
function tokenKey(dataFolder: string, newId: NewId): Uint8Array {
  const file = join(dataFolder, 'token-key')
  try {
    writeFileSync(file, `${newId()}${newId()}${newId()}`.replaceAll('-', ''), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return createHash('sha256').update(readFileSync(file)).digest()
}
