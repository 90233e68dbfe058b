import express, { type ErrorRequestHandler, type Express, type Router } from 'express'
import helmet from 'helmet'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { HubRepository } from '../fhir/hub-repository.ts'
import { problem } from '../fhir/problem.ts'
import { translateError } from '../fhir/translate-error.ts'
import type { Log } from '../log.ts'
import type { Clock, NewId } from '../ports.ts'
import type { AuthOptions } from './auth.ts'
import { sendFhir } from './fhir-answer.ts'
import { fhirPath, fhirRoutes } from './fhir-routes.ts'
import { health } from './health.ts'
import { smartConfiguration } from './smart-configuration.ts'
import { tokenEndpoint } from './token-endpoint.ts'

export interface AppOptions {
  readonly hub: HubRepository
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly newId: NewId
  readonly log?: Log
  readonly auth: AuthOptions
  /** The URL of this server as clients know it, without a slash at the end. */
  readonly publicUrl?: string
  /** Mounted before any body is read: webhooks verify the bytes as they came. */
  readonly routers?: readonly { readonly path: string; readonly router: Router }[]
  readonly tokenRequestsPerMinute?: number
}

/** Everything that the engine answers over HTTP. */
export function createApp({ hub, db, clock, newId, log, publicUrl, routers = [], ...options }: AppOptions): Express {
  const auth = { ...options.auth, clock, newId }
  const report = (error: unknown): string => {
    const id = newId()
    log?.error(`unexpected error ${id}`, { error })
    return id
  }
  const app = express()
  app.set('etag', false)
  app.use(helmet())
  for (const { path, router } of routers) app.use(path, router)
  app.get('/healthz', health(db))
  app.get('/.well-known/smart-configuration', (request, response) => {
    response.json(smartConfiguration(publicUrl ?? `${request.protocol}://${request.get('host')}`))
  })
  app.use(tokenEndpoint(auth, options.tokenRequestsPerMinute))
  app.use(fhirPath, fhirRoutes({ hub, auth, publicUrl, report }))
  app.use(() => {
    throw problem(404, 'not-found', 'Nothing is here')
  })
  app.use(answerError(report))
  return app
}

/** The edge: whatever went wrong becomes an OperationOutcome here and nowhere else. */
function answerError(report: (error: unknown) => string): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const { status, outcome } = translateError(requestError(error) ?? error, report)
    if (status === 401) response.set('WWW-Authenticate', 'Bearer realm="ligature"')
    if (status === 503) response.set('Retry-After', '1')
    sendFhir(response, status, outcome)
  }
}

/** Express and its body reader mark what the client did wrong with a status and a type; their messages can quote the request. */
function requestError(error: unknown): Error | undefined {
  const { type, status } = error as { type?: unknown; status?: unknown }
  if (type === 'entity.too.large') return problem(413, 'too-long', 'The body is too large')
  if (type === 'encoding.unsupported') return problem(415, 'not-supported', 'A compressed body is not accepted')
  const byExpress = typeof type === 'string' || error instanceof URIError
  return byExpress && typeof status === 'number' && status >= 400 && status < 500
    ? problem(status, 'invalid', 'The request cannot be read')
    : undefined
}
