import { expect, test } from 'vitest'
import { matches, readAllAt, writeAllAt } from '#mapping'

const pattern = { role: { coding: [{ system: 'http://example.org/role', code: 'CC', display: 'Chief complaint' }] } }
const steps = [{ kind: 'slice', name: 'diagnosis', slice: 'complaint', pattern }] as const

test('a slice is found by its codes, whatever their display says', () => {
  expect(matches({ role: { coding: [{ system: 'http://example.org/role', code: 'CC' }] } }, pattern)).toBe(true)
  expect(
    matches({ role: { coding: [{ system: 'http://example.org/role', code: 'CC', display: 'Main complaint' }] } }, pattern)
  ).toBe(true)
  expect(
    matches({ role: { coding: [{ system: 'http://example.org/role', code: 'AD', display: 'Chief complaint' }] } }, pattern)
  ).toBe(false)
})

test('what an EHR wrote beside the codes of an element stays when the list is written again', () => {
  const mine = { role: { coding: [{ system: 'http://example.org/role', code: 'CC' }], text: 'as we call it' }, rank: 1 }
  const resource = { diagnosis: [{ rank: 2 }, mine] }
  writeAllAt(resource, steps, [mine])
  expect(readAllAt(resource, steps)).toEqual([mine])
  expect(resource.diagnosis).toHaveLength(2)
})
