import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes'
import type { Request, Response } from 'express'
import type { Preferences } from './preferences.ts'

/** Sends a resource that was read, with its version; 304 when the client has that version already. */
export function sendRead(request: Request, response: Response, base: string, resource: Resource): void {
  if (resource.resourceType === 'Bundle') {
    sendFhir(response, 200, withAbsoluteUrls(resource, base))
    return
  }
  const etag = setVersion(response, resource)
  const known = (request.get('if-none-match') ?? '').split(',').map((one) => one.trim())
  if (known.includes(etag) || known.includes(etag.slice(2))) response.status(304).end()
  else sendFhir(response, 200, resource)
}

/** Answers a write, with as much of the resource as the client prefers. */
export function sendWritten(
  response: Response,
  status: number,
  base: string,
  resource: Resource,
  { returns }: Preferences
): void {
  const { resourceType, id, meta } = resource
  setVersion(response, resource)
  response.set('Location', `${base}/${resourceType}/${id}/_history/${meta?.versionId}`)
  if (returns === 'minimal') response.status(status).end()
  else sendFhir(response, status, returns === 'OperationOutcome' ? success(status) : resource)
}

export function sendFhir(response: Response, status: number, body: object): void {
  response.status(status).set('Content-Type', 'application/fhir+json; charset=utf-8').send(JSON.stringify(body))
}

/** Links and fullUrls as the outside knows them. */
export function withAbsoluteUrls(bundle: Bundle, base: string): Bundle {
  const { link, entry, ...rest } = bundle
  return {
    ...rest,
    ...(link ? { link: link.map((one) => ({ ...one, url: `${base}/${one.url}` })) } : {}),
    ...(entry ? { entry: entry.map((one) => (one.fullUrl ? { ...one, fullUrl: `${base}/${one.fullUrl}` } : one)) } : {})
  }
}

function setVersion(response: Response, { meta }: Resource): string {
  const etag = `W/"${meta?.versionId}"`
  response.set('ETag', etag)
  if (meta?.lastUpdated) response.set('Last-Modified', new Date(meta.lastUpdated).toUTCString())
  return etag
}

function success(status: number): OperationOutcome {
  const text = status === 201 ? 'Created' : 'Updated'
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'information', code: 'informational', details: { text } }] }
}
