/** Somebody else changed (or created, or deleted) the resource since it was read; nothing of the call was written. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict'
  /** `Type/id` of each resource whose expected version does not hold. */
  readonly resources: readonly string[]

  constructor(resources: readonly string[]) {
    super(`${resources.slice(0, 5).join(', ')} changed since read: read again and decide again`)
    this.resources = resources
  }
}
