/** What FHIR cannot hold of a record stays in the record; what cannot be read is said, with both paths and without the value. */
import { describe, expect, test } from 'vitest'
import { codes, TableCannotReturn, toFhir } from '#mapping'
import { afterEdit, caseWith, type Json, knucklePads, mapped, shoulderPain, spry, thereAndBack } from './support/edit-case.ts'

const physician = caseWith().referring_physician_details as Json
const [card] = caseWith().insurance_card_list as [Json]

describe('comes back as it was', () => {
  test.each<[string, Json]>([
    ['fields that nobody foresaw', { new_field: { a: [1, null] }, referring_physician_details: { ...physician, fellow: true } }],
    [
      'null, missing, empty text and empty list',
      { body_pain_notes: '', payment_mode: undefined, icd_codes: null, treating_icd_codes: undefined }
    ],
    [
      'numbers where text is documented',
      { referring_physician_details: { ...physician, npi: 1316131790, zip: 84790, phone_number: 4356526024 } }
    ],
    ['a physician without an id', { referring_physician_details: { ...physician, ref_physician_id: 0 } }],
    [
      'a physician under the name that requests use',
      { referring_physician_details: { last_name: 'X', referring_physician_id: 7 } }
    ],
    ['the same code twice, said differently', { icd_codes: [knucklePads, { ...knucklePads, description: 'Other' }] }],
    [
      'codes without an id',
      { icd_codes: [{ ...knucklePads, id: null }, { ...shoulderPain, id: 0 }, { description: 'only words' }] }
    ],
    [
      'a treating code that differs from the medical one',
      { icd_codes: [knucklePads], treating_icd_codes: [{ ...knucklePads, description: 'Other' }] }
    ],
    [
      'unreadable dates and times',
      { date_of_injury: '30/03/2026', created_at: 'yesterday', updated_date: '2026-02-30T00:00:00Z' }
    ],
    [
      'codes that nobody knows',
      { treatment_status: 'PAUSED', insurance_card_list: [{ ...card, insurance_card_type: 'FOURTH' }] }
    ],
    ['control characters', { body_pain_notes: 'a\u0007b', case_title: '\u0000' }],
    [
      'values of the wrong type',
      { case_visit_limit: '12', direct_access: 'yes', affected_body_part_details: 'knee', icd_codes: 'M72.1' }
    ]
  ])('%s', (_, fields) => {
    const record = caseWith(fields)
    expect(thereAndBack(record)).toBe(record)
  })

  test('drift survives an edit of the field beside it', () => {
    const record = caseWith({ referring_physician_details: { ...physician, npi: 1316131790, zip: 2134, fellow: true } })
    const back = afterEdit(record, (given) => {
      const practitioner = given.at('physicians[180513].practitioner') as { name?: unknown }
      practitioner.name = [{ family: 'STOUFFER', given: ['Mark'] }]
    })
    expect(back.record.referring_physician_details).toEqual({
      ...physician,
      first_name: 'Mark',
      npi: 1316131790,
      zip: 2134,
      fellow: true
    })
  })
})

describe('is said', () => {
  const issuesOf = (fields: Json) => mapped(caseWith(fields)).issues.map(({ from, to, code }) => ({ from, to, code }))

  test('an unknown treatment status: active meanwhile, with both paths', () => {
    const { issues, at } = mapped(caseWith({ treatment_status: 'PAUSED' }))
    expect(at('episode').status).toBe('active')
    expect(at('account').status).toBe('active')
    expect(issues).toEqual([
      {
        from: 'treatment_status',
        to: 'EpisodeOfCare.status',
        code: 'unmapped-code',
        message: "'PAUSED' is not in Spry treatment status"
      },
      { from: 'treatment_status', to: 'Account.status', code: 'unmapped-code', message: "'PAUSED' is not in Spry account status" }
    ])
  })

  test('an unreadable date, never its text', () => {
    const { issues } = mapped(caseWith({ date_of_injury: 'after the party at Jane Roe’s' }))
    expect(issues).toMatchObject([{ from: 'date_of_injury', to: 'Condition.onsetDateTime', code: 'invalid-content' }])
    expect(JSON.stringify(issues)).not.toContain('Jane')
  })

  test('an identifier of a physician that fails its check digit', () => {
    const { at, issues } = mapped(caseWith({ referring_physician_details: { ...physician, npi: '1316131791' } }))
    expect(at('physicians[180513].practitioner').identifier).toHaveLength(1)
    expect(issues).toMatchObject([{ from: 'npi', to: 'Practitioner.identifier:npi.value' }])
  })

  test('a physician without an id', () => {
    expect(issuesOf({ referring_physician_details: { ...physician, ref_physician_id: null } })).toEqual([
      {
        from: 'referring_physician_details',
        to: 'EpisodeOfCare.extension:primary.extension:practitioner.valueReference',
        code: 'missing-reference'
      }
    ])
  })

  test('a record without its case or its patient, as a whole', () => {
    expect(toFhir(spry, caseWith({ spry_case_id: '' }))).toMatchObject({ pieces: [], issues: [{ from: 'spry_case_id' }] })
    expect(toFhir(spry, caseWith({ patient_id: 0 }))).toMatchObject({ pieces: [], issues: [{ from: 'patient' }] })
    expect(toFhir(spry, 'no record')).toMatchObject({ pieces: [], issues: [{ message: 'is not a record' }] })
  })
})

describe('diagnosis codes', () => {
  const conditions = (icd_codes: Json[], more: Json = {}) =>
    mapped(caseWith({ icd_codes, ...more }))
      .pieces.filter(({ place }) => place.startsWith('diagnoses['))
      .map(({ id, resource }) => ({ id, resource: resource as unknown as Json }))

  test('in lower case are coded in upper case', () => {
    const [one] = conditions([{ ...knucklePads, code: 'm72.1' }])
    expect(one?.resource.code).toEqual({
      coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'M72.1' }],
      text: 'Knuckle pads'
    })
  })

  test.each([
    ['malformed', { ...knucklePads, code: '72.1' }],
    ['of another revision', { ...knucklePads, revision: 'ICD9' }]
  ])('%s are text only', (_, code) => {
    const [one] = conditions([code])
    expect(one?.resource.code).toEqual({ text: 'Knuckle pads' })
    expect(mapped(caseWith({ icd_codes: [code] })).issues).toMatchObject([{ from: 'icd_code.code', code: 'unmapped-code' }])
  })

  test('are known by the code until their id is known', () => {
    const caseId = caseWith().spry_case_id
    expect(conditions([{ ...knucklePads, id: 0 }]).map(({ id }) => id)).toEqual([`${caseId}/code:M72.1`])
    expect(conditions([{ ...knucklePads, id: null }])[0]?.resource.extension).toEqual([
      { url: 'https://fhir.example.org/StructureDefinition/spry-icd-revision', valueCode: 'ICD10' }
    ])
  })

  test('twice in one list are one Condition and one entry', () => {
    const record = caseWith({ icd_codes: [knucklePads, knucklePads] })
    expect(conditions([knucklePads, knucklePads])).toHaveLength(1)
    expect(mapped(record).at('episode').diagnosis).toHaveLength(2)
  })

  test('in both lists are one Condition with two entries, and the medical list speaks for it', () => {
    const both = { treating_icd_codes: [{ ...knucklePads, description: 'Other' }, shoulderPain] }
    const [one, other, none] = conditions([knucklePads], both)
    expect([one?.resource.code, other?.id, none]).toMatchObject(
      [{ text: 'Knuckle pads' }, /\/311$/, undefined].map((each) => (each instanceof RegExp ? expect.stringMatching(each) : each))
    )
    const roles = (
      mapped(caseWith({ icd_codes: [knucklePads], ...both })).at('episode').diagnosis as {
        role: { coding: { code: string }[] }
        rank?: number
      }[]
    ).map(({ role, rank }) => [role.coding[0]?.code, rank])
    expect(roles).toEqual([
      ['CC', undefined],
      ['medical', 1],
      ['treating', 1],
      ['treating', 2]
    ])
  })

  test('is_primary null is not false', () => {
    const [nothing, no] = conditions([
      { ...knucklePads, is_primary: null },
      { ...shoulderPain, is_primary: false }
    ])
    const primary = ({ resource }: { resource: Json }) =>
      (resource.extension as { url: string }[]).some(({ url }) => url.endsWith('spry-is-primary'))
    expect([nothing && primary(nothing), no && primary(no)]).toEqual([false, true])
  })
})

describe('physicians and cards', () => {
  test('all three physicians, by rank', () => {
    const record = caseWith({
      secondary_referring_physician_details: { ref_physician_id: 2, last_name: 'B' },
      tertiary_referring_physician_details: { ref_physician_id: 3, last_name: 'C' }
    })
    const { pieces, at } = mapped(record)
    expect(pieces.filter(({ part }) => part.name === 'practitioner').map(({ id }) => id)).toEqual(['180513', '2', '3'])
    const ranks = (at('episode').extension as { extension?: { valueCode?: string }[] }[]).flatMap(
      ({ extension }) => extension?.[0]?.valueCode ?? []
    )
    expect(ranks).toEqual(['primary', 'secondary', 'tertiary'])
    expect(thereAndBack(record)).toBe(record)
  })

  test('the same physician in two places is one Practitioner', () => {
    const { pieces } = mapped(caseWith({ secondary_referring_physician_details: physician }))
    expect(pieces.filter(({ part }) => part.name === 'practitioner')).toHaveLength(1)
  })

  test('a ZIP code as a number gets its leading zero back', () => {
    const { at } = mapped(caseWith({ referring_physician_details: { ...physician, zip: 2134 } }))
    expect(at('physicians[180513].practitioner').address).toMatchObject([{ postalCode: '02134' }])
  })

  test('a profile is claimed only with what it demands', () => {
    const profiles = (place: string, fields: Json) => (mapped(caseWith(fields)).at(place).meta as { profile?: string[] }).profile
    expect(profiles('physicians[180513].practitioner', {})).toHaveLength(1)
    expect(
      profiles('physicians[180513].practitioner', { referring_physician_details: { ...physician, last_name: '' } })
    ).toBeUndefined()
    expect(profiles('cards[1089201].coverage', {})).toHaveLength(1)
    expect(profiles('cards[1089201].coverage', { insurance_card_list: [{ ...card, insurance_number: null }] })).toBeUndefined()
  })

  test('a payer without its registration is known by its electronic id, else named only', () => {
    const payor = (insurance_payer: Json | null) =>
      mapped(caseWith({ insurance_card_list: [{ ...card, insurance_payer }] })).at('cards[1089201].coverage').payor
    expect(payor({ name: 'P', payer_id: 'SX1' })).toEqual([
      { reference: 'Organization?identifier=https://fhir.example.org/sid/spry/payer-reg|payer-id:SX1' }
    ])
    expect(payor({ name: 'P' })).toEqual([{ display: 'P' }])
    expect(payor(null)).toEqual([{ display: 'Unknown payer' }])
  })

  test('without cards there is no account', () => {
    const { pieces, at } = mapped(caseWith({ insurance_card_list: [] }))
    expect(pieces.some(({ place }) => place === 'account')).toBe(false)
    expect(at('episode').account).toBeUndefined()
  })
})

describe('a table of codes that cannot come back is refused when it is declared', () => {
  test('two partner codes for one FHIR code, and the reverse', () => {
    expect(() =>
      codes('x', [
        ['A', 'a'],
        ['B', 'a']
      ])
    ).toThrow(TableCannotReturn)
    expect(() =>
      codes('x', [
        ['A', 'a'],
        ['A', 'b']
      ])
    ).toThrow(TableCannotReturn)
  })

  test('unless a row says how, and then the loss is on record', () => {
    expect(codes('x', [['A', 'a']], { b: 'A' }).loses).toEqual(['FHIR b is A at the partner and comes back as a'])
    expect(() => codes('x', [['A', 'a']], { a: 'A' })).toThrow('keep one')
  })

  test('a further code that means nothing in the table', () => {
    expect(() => codes('x', [['A', 'a']], { b: 'B' as 'A' })).toThrow(TableCannotReturn)
  })
})
