import type { BundleEntry, Resource } from '@medplum/fhirtypes'

export const ok = '200 OK'
export const created = '201 Created'
export const noContent: BundleEntry = { response: { status: '204 No Content' } }

/** The answer to one entry. Location, etag and lastModified are those of a stored resource; a searchset has none. */
export function answer(status: string, resource: Resource, withResource: boolean): BundleEntry {
  const { resourceType, id, meta } = resource
  const version = meta?.versionId
  const response = {
    status,
    ...(id && version ? { location: `${resourceType}/${id}/_history/${version}`, etag: `W/"${version}"` } : {}),
    ...(meta?.lastUpdated ? { lastModified: meta.lastUpdated } : {})
  }
  return withResource ? { ...(id ? { fullUrl: `${resourceType}/${id}` } : {}), resource, response } : { response }
}
