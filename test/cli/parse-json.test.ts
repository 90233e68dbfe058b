import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../../src/cli/parse-json.ts'

test.for([
  ['', 'line 1, column 1: it ends where a value should follow'],
  ['{"a": 1, }', 'line 1, column 10: a name in quotes was expected'],
  ['{"a" 1}', 'line 1, column 6: ":" was expected'],
  ['[1 2]', 'line 1, column 4: "," or "]" was expected'],
  ['{"a": 1\n "b": 2}', 'line 2, column 2: "," or "}" was expected'],
  ['[1]\n[2]', 'line 2, column 1: nothing more was expected'],
  ["{'a': 1}", 'line 1, column 2: a name in quotes or "}" was expected'],
  ['[01]', 'line 1, column 3: "," or "]" was expected'],
  ['[tru]', 'line 1, column 2: a value or "]" was expected'],
  ['{"a": "x', 'line 1, column 7: a text that ends with a quote and has no raw control characters was expected']
] as const)('%s', ([text, problem]) => {
  expect(parseJson(text)).toEqual({ problem })
})

test('reads whatever JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseJson(text)).toEqual({ value: JSON.parse(text) })
    })
  )
})

test('finds a place in every text that is cut off or has one character too many', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom('', '}', ',', '"', 'x', '\u0001'), (text, at, extra) => {
      const cut = text.slice(0, at % (text.length + 1))
      const damaged = extra === '' ? cut : cut + extra + text.slice(cut.length)
      const found = parseJson(damaged)
      if ('problem' in found) expect(found.problem).toMatch(/^line \d+, column \d+: /)
    })
  )
})

test('finds the place in a long text that never ends, without trying every way to read it', () => {
  expect(parseJson(`{"a": "${'x'.repeat(100_000)}`)).toEqual({
    problem: 'line 1, column 7: a text that ends with a quote and has no raw control characters was expected'
  })
})
