import { expect, test } from 'vitest'
import { bind } from '#mapping'
import { spryCase } from '../../mappings/spry/case.ts'
import { whyUnfit } from '../../src/sync/fits-row.ts'

const bound = bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' })

test.each([
  ['problem.code.text', 'A title'],
  ['problem.code.text', undefined],
  ['problem.onsetDateTime', '2026-03-01'],
  ['episode.extension:spry-case-visit-limit.valueInteger', 12],
  ['episode.extension:spry-direct-access.valueBoolean', true],
  ['diagnoses[SPRY_CASE_1/9676].condition.code.text', 'Knuckle pads']
])('%s takes %j', (row, value) => {
  expect(whyUnfit(bound, row, value)).toBeUndefined()
})

test.each([
  ['problem.code.text', { a: 1 }],
  ['problem.code.text', 42],
  ['problem.code.text', ''],
  ['problem.onsetDateTime', 'soon'],
  ['problem.onsetDateTime', '2026-02-30'],
  ['episode.extension:spry-case-visit-limit.valueInteger', '12'],
  ['episode.status', 'entered-in-error'],
  ['episode.diagnosis:medical', []],
  ['problem.no.such.row', 'x']
])('%s does not take %j, and the reason never repeats it', (row, value) => {
  const why = whyUnfit(bound, row, value)
  expect(why).toBeTypeOf('string')
  if (typeof value === 'string' && value !== '' && row !== 'episode.status') expect(why).not.toContain(value)
})
