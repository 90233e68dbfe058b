import type { Resource } from '@medplum/fhirtypes'
import { type BoundEntity, type ElementLineage, lineageOf } from '#mapping'

/** The values that a resource has, each with the row of the mapping that speaks for it; a resource without a link is nobody's. */
export function explainElements(resource: Resource, bound: BoundEntity | undefined, place: string): ElementLineage[] {
  const lineage = bound ? lineageOf(bound, place, resource) : Object.keys(resource).map(notOurs)
  return lineage
    .filter(({ element }) => !byTheHub.has(element))
    .map((one) => ({ ...one, element: `${resource.resourceType}.${one.element}` }))
}

/** What the hub itself gives every resource. */
const byTheHub = new Set(['resourceType', 'id', 'meta.versionId', 'meta.lastUpdated'])

const notOurs = (element: string): ElementLineage => ({ element, origin: 'not ours', from: [], how: 'not ours' })
