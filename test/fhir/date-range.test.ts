import { expect, test } from 'vitest'
import { dateRange, periodRange } from '../../src/fhir/date-range.ts'

test.each([
  ['2026', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ['2026-03-01T10:00Z', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z'],
  ['2026-03-01T10:00:00-05:00', '2026-03-01T15:00:00.000Z', '2026-03-01T15:00:01.000Z'],
  ['2026-03-01T10:00:00.5Z', '2026-03-01T10:00:00.500Z', '2026-03-01T10:00:00.501Z'],
  ['0050', '0050-01-01T00:00:00.000Z', '0051-01-01T00:00:00.000Z']
])('%s is all of what its precision says', (text, start, end) => {
  const range = dateRange(text)
  expect([new Date(range?.start ?? 0).toISOString(), new Date(range?.end ?? 0).toISOString()]).toEqual([start, end])
})

test.each(['2026-13', '2026-02-30', '2026-02-29', '26', '2026-3-1', 'soon', '', '2026-03-01T25:00:00Z', '2026-03-01T10:61:00Z'])(
  '%s is no date',
  (text) => {
    expect(dateRange(text)).toBeUndefined()
  }
)

test('a period without an end goes on', () => {
  expect(periodRange({ start: '2026' })?.end).toBeGreaterThan(Date.parse('9999-12-31'))
  expect(periodRange({ end: '2026' })?.start).toBeLessThan(Date.parse('0001-01-01'))
  expect(periodRange({})).toBeUndefined()
})
