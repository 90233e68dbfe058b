import type { Resource } from '@medplum/fhirtypes'

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/** The resource with the named elements only, and what it cannot be without; marked, so that nobody writes it back. */
export function subset<T extends Resource>(resource: T, elements: readonly string[]): T {
  const kept = Object.entries(resource).filter(
    ([name]) => name === 'resourceType' || name === 'id' || elements.includes(name.replace(/^_/, ''))
  )
  const meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), subsetted] }
  return { ...Object.fromEntries(kept), meta } as T
}
