/** Which resource is meant. */
export interface ResourceRef {
  readonly resourceType: string
  readonly id: string
}

/** `Type/id`, the key of every map that the store returns. */
export function refKey(ref: ResourceRef): string {
  return `${ref.resourceType}/${ref.id}`
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The hub gives UUIDs only, so any other id names nothing that it has. */
export function isHubId(id: string): boolean {
  return uuid.test(id)
}
