import { isDeepStrictEqual } from 'node:util'
import type { Resource } from '@medplum/fhirtypes'

/** Whether two resources say the same, whatever their versions and times. Such an update makes no new version. */
export function sameContent(one: Resource, other: Resource): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

function plain(resource: Resource): object {
  const { meta, ...rest } = resource
  const { versionId: _, lastUpdated: __, ...kept } = meta ?? {}
  return Object.keys(kept).length > 0 ? { ...rest, meta: kept } : rest
}
