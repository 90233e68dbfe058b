/** Records inside a record. */
import type { AnyEntity } from './entity.ts'

/**
 * How a record that stands inside another one is read as a record of its entity. `own` records have an id of their own at the
 * partner and so a link of their own (a physician); the others belong to the record around them (a diagnosis of a case).
 */
export interface Nested {
  readonly entity: AnyEntity
  readonly own: boolean
  /** The item together with what it needs of the record around it. */
  readonly wrap: (item: never, around: never) => unknown
  readonly unwrap: (record: never) => unknown
  /** Fields of the item that belong to the record around it, and so are not part of the nested record. */
  readonly without: readonly string[]
}

interface Wrapping<Item, Around, Wrapped> {
  readonly wrap: (item: Item, around: Around) => Wrapped
  readonly unwrap: (record: Wrapped) => Item
  readonly without?: readonly (keyof Item & string)[]
}

const asItIs = { wrap: (item: unknown) => item, unwrap: (record: unknown) => record }

/** A nested record with an id, and so a link, of its own. */
export function nested<Item, Around, Wrapped>(entity: AnyEntity, wrapping?: Wrapping<Item, Around, Wrapped>): Nested {
  return {
    entity,
    own: true,
    without: wrapping?.without ?? [],
    ...((wrapping ?? asItIs) as unknown as Pick<Nested, 'wrap' | 'unwrap'>)
  }
}

/** Nested records that belong to the record around them: one resource each, keyed by the item's own identity. */
export function many<Item, Around, Wrapped>(entity: AnyEntity, wrapping?: Wrapping<Item, Around, Wrapped>): Nested {
  return { ...nested(entity, wrapping), own: false }
}
