import type { Bundle, BundleEntry } from '@medplum/fhirtypes'
import type { StoredVersion } from './store/read-history.ts'

/** Versions, newest first, as FHIR's history: a deletion is an entry without a resource. */
export function historyBundle(versions: readonly StoredVersion[]): Bundle {
  return { resourceType: 'Bundle', type: 'history', total: versions[0]?.version ?? 0, entry: versions.map(entryOf) }
}

function entryOf({ resource, version, deleted, lastUpdated }: StoredVersion): BundleEntry {
  const url = `${resource.resourceType}/${resource.id}`
  const response = { etag: `W/"${version}"`, lastModified: lastUpdated.toISOString() }
  if (deleted) return { fullUrl: url, request: { method: 'DELETE', url }, response: { status: '204', ...response } }
  if (version === 1)
    return {
      fullUrl: url,
      resource,
      request: { method: 'POST', url: resource.resourceType },
      response: { status: '201', ...response }
    }
  return { fullUrl: url, resource, request: { method: 'PUT', url }, response: { status: '200', ...response } }
}
