import { type Request, type RequestHandler, Router } from 'express'
import { rateLimit } from 'express-rate-limit'
import { type AuthContext, issueToken } from './auth.ts'
import { formBody, rawBody } from './read-body.ts'

const maxBytes = 16 * 1024

/** `POST /oauth2/token` with client credentials, as Basic or in the form; errors as OAuth 2 says them. */
export function tokenEndpoint(auth: AuthContext, perMinute = 60): Router {
  const router = Router()
  const limited = rateLimit({ windowMs: 60_000, limit: perMinute, standardHeaders: true, legacyHeaders: false })
  router.post('/oauth2/token', limited, rawBody(maxBytes), answerToken(auth))
  return router
}

function answerToken(auth: AuthContext): RequestHandler {
  return async (request, response) => {
    response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    const form = new Map(formBody(request))
    if (form.get('grant_type') !== 'client_credentials') {
      response.status(400).json({ error: 'unsupported_grant_type' })
      return
    }
    const credentials = basic(request) ?? { clientId: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
    const token = await issueToken({ ...credentials, scope: form.get('scope') ?? '' }, auth)
    if (token && token.scope !== '') response.json(token)
    else if (token) response.status(400).json({ error: 'invalid_scope' })
    else response.status(401).set('WWW-Authenticate', 'Basic realm="ligature"').json({ error: 'invalid_client' })
  }
}

function basic(request: Request): { clientId: string; secret: string } | undefined {
  const [scheme = '', encoded] = (request.get('authorization') ?? '').split(' ')
  if (scheme.toLowerCase() !== 'basic' || !encoded) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return { clientId: text.slice(0, Math.max(colon, 0)), secret: text.slice(colon + 1) }
}
