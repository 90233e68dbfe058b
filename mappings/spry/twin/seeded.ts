/** Chance that is the same for the same seed and place: a record can be made again at any time, alone and in any order. */
export interface Dice {
  /** A number in [0, 1). */
  next(): number
  /** A whole number from 0 to `sides` - 1. */
  below(sides: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
}

export function diceAt(seed: number, place: number, purpose = 0): Dice {
  let state = mix(mix(mix(seed) ^ place) + purpose)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    return mix(state) / 0x1_0000_0000
  }
  const below = (sides: number) => Math.floor(next() * sides)
  return {
    next,
    below,
    pick(items) {
      if (items.length === 0) throw new Error('Nothing to pick from')
      return items[below(items.length)] as (typeof items)[number]
    },
    chance: (probability) => next() < probability
  }
}

/** Spreads 32 bits (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
