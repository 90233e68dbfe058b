/** Laws of bringing two lists together. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeLists } from '../../src/sync/merge-lists.ts'

const seed = Number(process.env.LIGATURE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const list = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
  .map((keys) => keys.map((key) => ({ key })))
const options = { seed, numRuns: 2000 }
const keys = (items: readonly { key: string }[] | undefined) => items?.map((item) => item.key)
console.info(`merge laws: seed ${seed} (LIGATURE_SEED)`)

test('a side that changed nothing leaves the other side as it is', () => {
  fc.assert(
    fc.property(list, list, list, (base, other, _same) => {
      expect(keys(mergeLists(base, base, other))).toEqual(keys(other))
      expect(keys(mergeLists(base, other, base))).toEqual(keys(other))
    }),
    options
  )
})

test('both sides the same is that', () => {
  fc.assert(
    fc.property(list, list, list, (base, same, _other) => {
      expect(keys(mergeLists(base, same, same))).toEqual(keys(same))
    }),
    options
  )
})

test('holds every addition of either side, nothing that either took away, and nothing else', () => {
  fc.assert(
    fc.property(list, list, list, (base, partner, hub) => {
      const merged = keys(mergeLists(base, partner, hub))
      if (merged === undefined) return
      const [was, left, right] = [keys(base), keys(partner), keys(hub)] as string[][]
      for (const key of [...(left as string[]), ...(right as string[])]) {
        const tookAway = was?.includes(key) && !(left?.includes(key) && right?.includes(key))
        expect(merged.includes(key)).toBe(!tookAway)
      }
      expect(new Set(merged).size).toBe(merged.length)
      expect(merged.every((key) => left?.includes(key) || right?.includes(key))).toBe(true)
    }),
    options
  )
})
