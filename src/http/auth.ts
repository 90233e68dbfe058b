import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'
import { jwtVerify, SignJWT } from 'jose'
import { type Access, fullAccess } from '../fhir/access.ts'
import { problem } from '../fhir/problem.ts'
import type { Clock, NewId } from '../ports.ts'
import { accessOf, grantedScopes } from './scopes.ts'

export interface FhirClient {
  readonly clientId: string
  /** SHA-256 of the secret, in hex: the secret itself is not kept. */
  readonly secretHash: string
  /** `system/<Type|*>.<cruds>` */
  readonly scopes: readonly string[]
}

export interface AuthOptions {
  /** On loopback and nowhere else, requests need no token. */
  readonly sandbox: boolean
  readonly boundToLoopback: boolean
  readonly clients: readonly FhirClient[]
  /** At least 32 bytes; signs access tokens, and is the same in every process. */
  readonly tokenKey: Uint8Array
}

export interface AuthContext extends AuthOptions {
  readonly clock: Clock
  readonly newId: NewId
}

export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
}

const lifetime = 300
const issuer = 'ligature'

/** Who may do what with this request. */
export async function authenticate(
  request: Request,
  { sandbox, boundToLoopback, tokenKey, clock }: AuthContext
): Promise<Access> {
  const [scheme = '', token] = (request.get('authorization') ?? '').split(' ')
  if (sandbox && boundToLoopback && scheme.toLowerCase() !== 'bearer') {
    // A page on the web can have its own name resolve to 127.0.0.1; it cannot change the Host that the browser sends.
    if (/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(request.get('host') ?? '')) return fullAccess
    throw problem(403, 'forbidden', 'The sandbox answers to localhost only')
  }
  if (scheme.toLowerCase() !== 'bearer' || !token) throw problem(401, 'login', 'A bearer token is needed')
  try {
    const { payload } = await jwtVerify(token, tokenKey, { issuer, algorithms: ['HS256'], currentDate: new Date(clock.now()) })
    return accessOf(String(payload.scope ?? '').split(' '))
  } catch {
    throw problem(401, 'login', 'The token is not valid, or no longer')
  }
}

/** A token for a client that shows its secret; undefined for anyone else. */
export async function issueToken(
  credentials: { readonly clientId: string; readonly secret: string; readonly scope: string },
  { clients, tokenKey, clock, newId }: AuthContext
): Promise<TokenAnswer | undefined> {
  const client = clients.find(({ clientId }) => clientId === credentials.clientId)
  // Compared even for an unknown client, so that the time tells nothing.
  if (!sameHash(credentials.secret, client?.secretHash ?? '') || !client) return undefined
  const scope = grantedScopes(credentials.scope.split(' ').filter(Boolean), client.scopes).join(' ')
  const now = Math.floor(clock.now() / 1000)
  const access_token = await new SignJWT({ scope, client_id: client.clientId })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setSubject(client.clientId)
    .setJti(newId())
    .setIssuedAt(now)
    .setExpirationTime(now + lifetime)
    .sign(tokenKey)
  return { access_token, token_type: 'Bearer', expires_in: lifetime, scope }
}

function sameHash(secret: string, hash: string): boolean {
  const expected = Buffer.from(hash, 'hex')
  const actual = createHash('sha256').update(secret).digest()
  return timingSafeEqual(actual, expected.length === actual.length ? expected : Buffer.alloc(actual.length))
}
