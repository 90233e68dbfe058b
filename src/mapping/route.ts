/** How the resources of a record are found from its anchor: by references that the mapping's own rows wrote. */
import type { Resource } from '@medplum/fhirtypes'
import type { BoundEntity, BoundResourcePart } from './bind.ts'
import { type Scope, sid } from './conversion.ts'
import type { Pool } from './pool.ts'
import type { Reader } from './reader.ts'

/** One reference that leads from a part to another. */
export interface Route {
  readonly from: string
  readonly to: string
  readonly resourceType: string
  readonly read: Reader
}

/** All routes, those from parts near the anchor first. */
export function routesOf(scope: Scope, parts: readonly BoundResourcePart[], anchor: BoundResourcePart): Route[] {
  const routes: Route[] = []
  const reached = [anchor]
  for (const part of reached) {
    for (const { row, read } of part.rows) {
      const target = row.kind === 'computed' ? row.target : row.kind === 'value' ? row.conversion?.target : undefined
      if (!target) continue
      for (const other of parts) {
        if (other === anchor || target.type !== other.mapping.resourceType || sid(scope, target.kind) !== other.keySystem)
          continue
        routes.push({ from: part.name, to: other.name, resourceType: target.type, read })
        if (!reached.includes(other)) reached.push(other)
      }
    }
  }
  return routes
}

/** The resource of each part, found by following references from the anchor. */
export function locateParts(bound: BoundEntity, anchor: Resource, pool: Pool): Map<string, Resource> {
  const located = new Map<string, Resource>([[bound.anchor.name, anchor]])
  for (let before = 0; before !== located.size; ) {
    before = located.size
    for (const { from, to, resourceType, read } of bound.routes) {
      const start = located.has(to) ? undefined : located.get(from)
      const reference = start && (read(start) as { reference?: string } | undefined)?.reference
      const resource = reference === undefined ? undefined : pool.get(reference)
      if (resource?.resourceType === resourceType) located.set(to, resource)
    }
  }
  return located
}
