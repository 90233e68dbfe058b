import { expect, test } from 'vitest'
import { unforeseenFields } from '#mapping'
import { SpryCase } from '../../mappings/spry/records.ts'

test('a field in no schema is named with its path, at every depth and once', () => {
  const record = {
    spry_case_id: 'x',
    new_field: 1,
    icd_codes: [
      { id: 1, laterality: 'left' },
      { id: 2, laterality: 'right' }
    ],
    insurance_card_list: [{ insurance_payer: { plan: 'A' } }]
  }
  expect(unforeseenFields(SpryCase, record)).toEqual([
    'icd_codes[].laterality',
    'insurance_card_list[].insurance_payer.plan',
    'new_field'
  ])
})

test('a record of known fields has none, and a name that may be about a person is not repeated', () => {
  expect(unforeseenFields(SpryCase, { spry_case_id: 'x', case_title: 'y' })).toEqual([])
  expect(unforeseenFields(SpryCase, { 'Jane Doe, 1970': 1 })).toEqual(['(unnamed)'])
})
