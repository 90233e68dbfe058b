/** Two people who change different items of a list do not conflict: lists are brought together item by item, by key. */
import { equal } from '#mapping'
import type { ListItem } from './row-value.ts'

type List = readonly ListItem[] | undefined

/**
 * What both lists mean together: what either side added is there, what either side took away is not. `undefined` when they
 * disagree about one item, or both put the items into different orders.
 */
export function mergeLists(base: List, partner: List, hub: List): readonly ListItem[] | undefined {
  if (equal(base ?? [], partner ?? [])) return hub ?? []
  if (equal(base ?? [], hub ?? [])) return partner ?? []
  const [was, left, right] = [byKey(base), byKey(partner), byKey(hub)]
  const merged = new Map<string, ListItem>()
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [before, one, other] = [was.get(key), left.get(key), right.get(key)]
    if (one && other) {
      if (equal(one, other) || equal(before, other)) merged.set(key, one)
      else if (equal(before, one)) merged.set(key, other)
      else return undefined
      continue
    }
    const only = (one ?? other) as ListItem
    // in the base: the other side took it away, and that may stand only if this side left it as it was
    if (before === undefined) merged.set(key, only)
    else if (!equal(before, only)) return undefined
  }
  const order = orderOf(keysOf(base), keysOf(partner), keysOf(hub), merged)
  return order?.map((key) => merged.get(key) as ListItem)
}

const byKey = (list: List) => new Map((list ?? []).map((item) => [item.key, item]))
const keysOf = (list: List) => (list ?? []).map((item) => item.key)

/** The order of the side that changed it, the other side's additions after it. */
function orderOf(base: string[], partner: string[], hub: string[], merged: ReadonlyMap<string, ListItem>): string[] | undefined {
  const common = (list: string[]) => list.filter((key) => base.includes(key) && partner.includes(key) && hub.includes(key))
  const partnerMoved = !equal(common(base), common(partner))
  const hubMoved = !equal(common(base), common(hub))
  if (partnerMoved && hubMoved && !equal(common(partner), common(hub))) return undefined
  const [first, second] = hubMoved ? [hub, partner] : [partner, hub]
  const order = [...first, ...second.filter((key) => !first.includes(key))]
  return order.filter((key) => merged.has(key))
}
