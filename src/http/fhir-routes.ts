import { getStatus, type Operation } from '@medplum/core'
import type { Bundle, Parameters, Resource } from '@medplum/fhirtypes'
import { type Request, type Response, Router } from 'express'
import { type Access, requireAccess } from '../fhir/access.ts'
import { runBatch } from '../fhir/batch.ts'
import { versionOf } from '../fhir/bundle/entries.ts'
import { capabilityStatement } from '../fhir/capability-statement.ts'
import { readCriteria } from '../fhir/criteria.ts'
import { getByUrl, search, splitOnce } from '../fhir/get-by-url.ts'
import { type HubRepository, requireStored } from '../fhir/hub-repository.ts'
import { badRequest, problem } from '../fhir/problem.ts'
import { parsePairs } from '../fhir/search/parse-query.ts'
import { runTransaction } from '../fhir/transaction.ts'
import { validateFhir } from '../fhir/validate.ts'
import { type AuthContext, authenticate } from './auth.ts'
import { sendFhir, sendRead, sendWritten, withAbsoluteUrls } from './fhir-answer.ts'
import { bundleLimits, resourceLimits } from './parse-json.ts'
import { type Preferences, preferencesOf, requireJsonAccepted } from './preferences.ts'
import { formBody, jsonBody, oneMiB, rawBody } from './read-body.ts'
import { smartConfiguration } from './smart-configuration.ts'

export interface FhirRoutesOptions {
  readonly hub: HubRepository
  readonly auth: AuthContext
  /** The URL of this server as clients know it, without a slash at the end; else what the request says. */
  readonly publicUrl?: string | undefined
  /** Remembers an unexpected error and returns the id under which it can be found. */
  readonly report: (error: unknown) => string
}

export const fhirPath = '/fhir/R4'

interface Call extends Preferences {
  readonly request: Request
  readonly response: Response
  readonly base: string
  readonly hub: HubRepository
  readonly access: Access
  readonly report: (error: unknown) => string
}

type Handler = (call: Call, type: string, id: string) => Promise<void>

/** FHIR's RESTful interactions, one function each; see http://hl7.org/fhir/R4/http.html. */
export function fhirRoutes({ hub, auth, publicUrl, report }: FhirRoutesOptions): Router {
  const router = Router({ strict: false })
  const site = (request: Request) => publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`

  router.get('/metadata', (request, response) => {
    requireJsonAccepted(request)
    sendFhir(
      response,
      200,
      capabilityStatement({ base: site(request) + fhirPath, tokenUrl: `${site(request)}/oauth2/token`, now: auth.clock.now() })
    )
  })
  router.get('/.well-known/smart-configuration', (request, response) => {
    response.json(smartConfiguration(site(request)))
  })

  const route = (method: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string, handler: Handler, limit = oneMiB) => {
    router[method](
      path,
      async (request, _response, next) => {
        requireJsonAccepted(request)
        request.res?.set('Cache-Control', 'no-store')
        Object.assign(request, { access: await authenticate(request, auth) })
        next()
      },
      rawBody(limit),
      async (request, response) => {
        const { access } = request as Request & { access: Access }
        const call = { request, response, base: site(request) + fhirPath, hub, access, report, ...preferencesOf(request) }
        const { type = '', id = '' } = request.params as { type?: string; id?: string }
        await handler(call, type, id)
      }
    )
  }
  route('post', '/', bundle, 10 * oneMiB)
  route('post', '/:type/_search', searchByPost)
  route('post', '/:type/$validate', validate)
  route('get', '/:type', get)
  route('post', '/:type', create)
  route('put', '/:type', conditionalUpdate)
  route('patch', '/:type', conditionalPatch)
  route('delete', '/:type', conditionalDelete)
  route('get', '/:type/:id', get)
  route('put', '/:type/:id', update)
  route('patch', '/:type/:id', patch)
  route('delete', '/:type/:id', remove)
  route('get', '/:type/:id/_history', get)
  route('get', '/:type/:id/_history/:version', get)
  router.all(['/', '/:type', '/:type/:id', '/:type/:id/_history', '/:type/:id/_history/:version'], () => {
    throw problem(405, 'not-supported', 'That method is not an interaction here')
  })
  return router
}

async function get({ request, response, base, hub, access, handling }: Call): Promise<void> {
  sendRead(
    request,
    response,
    base,
    await getByUrl(hub, request.url.replace(/^\//, '').replace(/\/(?=\?|$)/, ''), { access, handling })
  )
}

async function searchByPost({ request, response, base, hub, access, handling }: Call, type: string): Promise<void> {
  const pairs = [...parsePairs(queryOf(request)), ...formBody(request)]
  sendFhir(response, 200, withAbsoluteUrls(await search(hub, type, pairs, { access, handling }), base))
}

async function create({ request, response, base, hub, access, ...preferences }: Call, type: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'create', type)
  const resource = resourceOf(request, type)
  const condition = request.get('if-none-exist')
  if (condition === undefined) {
    sendWritten(response, 201, base, await hub.createResource(resource), preferences)
    return
  }
  const { resource: found, outcome } = await hub.createUnless(resource, readCriteria(type, condition))
  sendWritten(response, getStatus(outcome), base, found, preferences)
}

async function update({ request, response, base, hub, access, ...preferences }: Call, type: string, id: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'update', type)
  const resource = resourceOf(request, type)
  if (resource.id !== id) throw badRequest('The id of the resource is not the one of the url', `${type}.id`)
  const { resource: written, created } = await hub.update(resource, ifMatch(request))
  sendWritten(response, created ? 201 : 200, base, written, preferences)
}

async function conditionalUpdate({ request, response, base, hub, access, ...preferences }: Call, type: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'update', type)
  const { resource, outcome } = await hub.updateMatch(
    resourceOf(request, type),
    readCriteria(type, queryOf(request)),
    ifMatch(request)
  )
  sendWritten(response, getStatus(outcome), base, resource, preferences)
}

async function patch({ request, response, base, hub, access, ...preferences }: Call, type: string, id: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'update', type)
  const operations = jsonBody(request, resourceLimits) as Operation[] | Parameters
  sendWritten(
    response,
    200,
    base,
    await hub.patchResource(type as Resource['resourceType'], id, operations, ifMatch(request)),
    preferences
  )
}

async function conditionalPatch({ request, response, base, hub, access, ...preferences }: Call, type: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'update', type)
  const operations = jsonBody(request, resourceLimits) as Operation[] | Parameters
  sendWritten(
    response,
    200,
    base,
    await hub.patchMatch(readCriteria(type, queryOf(request)), operations, ifMatch(request)),
    preferences
  )
}

async function remove({ request, response, hub, access }: Call, type: string, id: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'delete', type)
  await hub.deleteResource(type, id, ifMatch(request))
  response.status(204).end()
}

async function conditionalDelete({ request, response, hub, access }: Call, type: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'delete', type)
  await hub.deleteMatch(readCriteria(type, queryOf(request)))
  response.status(204).end()
}

async function bundle({ request, response, hub, access, handling, returns, report }: Call): Promise<void> {
  const body = jsonBody(request, bundleLimits) as Bundle | null
  if (body?.resourceType !== 'Bundle') throw badRequest('The base takes a Bundle')
  const context = { access, handling, withResources: returns === 'representation' }
  if (body.type === 'transaction') sendFhir(response, 200, await runTransaction(hub, body, context))
  else if (body.type === 'batch') sendFhir(response, 200, await runBatch(hub, body, context, report))
  else throw badRequest('A bundle that is posted here is a transaction or a batch', 'Bundle.type')
}

async function validate({ request, response, access }: Call, type: string): Promise<void> {
  requireStored(type)
  requireAccess(access, 'create', type)
  const issues = validateFhir(resourceOf(request, type))
  const passed = { severity: 'information', code: 'informational', details: { text: 'No issue found' } } as const
  sendFhir(response, 200, { resourceType: 'OperationOutcome', issue: issues.length > 0 ? issues : [passed] })
}

function resourceOf(request: Request, type: string): Resource {
  const body = jsonBody(request, resourceLimits) as Resource | null
  if (body?.resourceType !== type) throw badRequest('The body must be a resource of the type of the url')
  return body
}

function ifMatch(request: Request): { ifMatch?: string } {
  const etag = request.get('if-match')
  return etag === undefined ? {} : { ifMatch: versionOf(etag) }
}

function queryOf(request: Request): string {
  return splitOnce(request.url, '?')[1] ?? ''
}
