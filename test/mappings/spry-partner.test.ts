import { expect, test } from 'vitest'
import { assumptions } from '../../mappings/spry/assumptions.ts'
import { caseRequest } from '../../mappings/spry/case-request.ts'
import { partner } from '../../mappings/spry/partner.ts'
import type { SpryCase } from '../../mappings/spry/records.ts'
import { checkRequest } from '../../mappings/spry/twin/check-request.ts'
import { documentedCase } from '../../mappings/spry/twin/documented-case.ts'
import { population } from '../../mappings/spry/twin/population.ts'

const read = (status: number, body: unknown) => partner.readAnswer({ status, headers: {}, body })

test('Spry answers HTTP 200 to errors: the code in the body decides', () => {
  expect(read(200, { code: 2000, data: { id: 1 }, message: 'Success' })).toEqual({ kind: 'ok', data: { id: 1 } })
  expect(read(200, { code: 4001, message: 'Cancelled' })).toEqual({ kind: 'rejected', code: '4001', partnerMessage: 'Cancelled' })
  expect(read(400, { code: 4000, message: 'Bad' })).toEqual({ kind: 'rejected', code: '4000', partnerMessage: 'Bad' })
  expect(read(400, { error: 'of another shape' })).toEqual({ kind: 'rejected', code: '400' })
})

test('an answer that no document and no assumption describes is unknown', () => {
  const undescribed: [number, unknown][] = [
    [200, undefined],
    [200, []],
    [200, { data: {} }],
    [200, { code: '2000' }],
    [400, undefined],
    [400, 'Bad'],
    [400, { code: 2000 }],
    [403, { code: 4030 }],
    [409, { code: 4090 }]
  ]
  for (const [status, body] of undescribed) expect(read(status, body)).toEqual({ kind: 'unknown' })
})

test('only Add Case is documented, and every assumption asks its question', () => {
  const documented = Object.entries(partner.calls).filter(([, call]) => call.source.kind === 'documented')
  expect(documented.map(([name]) => name)).toEqual(['createCase'])
  expect(assumptions.filter(({ ask }) => !ask.endsWith('?'))).toEqual([])
})

test('events name their case, other events none, and nonsense is no event', () => {
  const refs = partner.webhook.refs
  const data = { spry_case_id: 'SPRY_CASE_1', case_title: 'ignored' }
  expect(refs({ type: 'patientCase.updated', data })).toEqual([{ recordType: 'case', partnerKey: 'SPRY_CASE_1' }])
  expect(refs({ type: 'appointment.created', data })).toEqual([])
  expect(refs({ type: 'patientCase.updated', data: {} })).toBeUndefined()
  expect(refs([])).toBeUndefined()
})

/** The documented case as a later read shows it: with what its create had sent. */
const storedCase: SpryCase = {
  ...documentedCase,
  icd_codes: [{ id: 9676, code: 'M72.1', description: 'Knuckle pads', revision: 'ICD10' }],
  treatment_start_date: '2026-04-01'
}

test('a case as read becomes the documented request, numbers and all', () => {
  const made = caseRequest(storedCase, { allowed: { specialization: ['MSK'] } })
  expect(made).toEqual({
    kind: 'request',
    body: {
      patient_id: 1172416,
      case_title: 'Stable Burst Fracture',
      specialization: 'MSK',
      direct_access: false,
      referring_physician_details: {
        referring_physician_id: 180513,
        first_name: 'MARK',
        last_name: 'STOUFFER',
        npi: 1316131790,
        fax_number: 4356526025,
        phone_number: 4356526024,
        address1: '617 E RIVERSIDE DR STE 30',
        address2: '',
        city: 'ST GEORGE',
        state: 'UT',
        zip: 84790
      },
      icd_codes: [{ id: 9676, code: 'M72.1', description: 'Knuckle pads', revision: 'ICD10' }],
      treating_icd_codes: [],
      number_of_past_visits_for_this_case: 0,
      treatment_start_date: '2026-04-01',
      insurance_card_list: documentedCase.insurance_card_list,
      treatment_status: 'ACTIVE',
      visit_track_required: false,
      case_visit_limit: 0,
      affected_body_part_details: []
    }
  })
})

test('a number that would lose digits stays text, and a ZIP code is its first five digits', () => {
  const sent = (phone_number: string, zip: string | number) => {
    const physician = { ref_physician_id: 1, phone_number, zip }
    const made = caseRequest({ ...storedCase, referring_physician_details: physician })
    return made.kind === 'request' ? made.body.referring_physician_details : made.issues
  }
  expect(sent('(435) 652-6024', '02134-1000')).toEqual({ referring_physician_id: 1, phone_number: 4356526024, zip: 2134 })
  expect(sent('1234567890123456', 2134)).toEqual({ referring_physician_id: 1, phone_number: '1234567890123456', zip: 2134 })
  expect(sent('0441234567', '84790')).toEqual({ referring_physician_id: 1, phone_number: '0441234567', zip: 84790 })
  expect(sent('ask at the desk', 'UT')).toMatchObject([
    { path: 'referring_physician_details.phone_number', code: 'invalid-content' },
    { path: 'referring_physician_details.zip', code: 'invalid-content' }
  ])
})

test.each<[string, Partial<SpryCase>, object]>([
  ['an ICD code without an id', { icd_codes: [{ code: 'M72.1' }] }, { path: 'icd_codes[0].id', code: 'missing-reference' }],
  [
    'an ICD id of 0',
    { treating_icd_codes: [{ id: 0, code: 'M72.1' }] },
    { path: 'treating_icd_codes[0].id', code: 'missing-reference' }
  ],
  ['an ICD id alone', { icd_codes: [{ id: 1 }] }, { path: 'icd_codes[0].code', code: 'required' }],
  [
    'another revision',
    { icd_codes: [{ id: 1, code: 'x', revision: 'ICD9' }] },
    { path: 'icd_codes[0].revision', code: 'unmapped-code' }
  ],
  ['a specialization that is not enabled', { specialization: 'AQUATIC' }, { path: 'specialization', code: 'unmapped-code' }],
  [
    'a physician of id 0',
    { referring_physician_details: { ref_physician_id: 0, last_name: 'STOUFFER' } },
    { path: 'referring_physician_details.ref_physician_id', code: 'missing-reference' }
  ],
  [
    'a card without a rank',
    { insurance_card_list: [{ insurance_card_id: 1 }] },
    { path: 'insurance_card_list[0].insurance_card_type', code: 'required' }
  ],
  ['no title', { case_title: '' }, { path: 'case_title', code: 'required' }],
  ['a status of its own', { treatment_status: 'PAUSED' }, { path: 'treatment_status', code: 'unmapped-code' }],
  ['half a date', { date_of_injury: '2026-04' }, { path: 'date_of_injury', code: 'invalid-content' }]
])('what Spry would refuse is an issue instead of a request: %s', (_, change, issue) => {
  const made = caseRequest({ ...storedCase, ...change }, { allowed: { specialization: ['MSK'] } })
  expect(made).toMatchObject({ kind: 'issues', issues: [issue] })
  expect(JSON.stringify(made)).not.toContain('STOUFFER')
})

test('every case of a practice makes a request that Spry takes, with no field that its documents do not know', () => {
  const practice = population(7, 500)
  for (let number = 0; number < practice.size; number++) {
    const made = caseRequest(practice.caseAt(number))
    if (made.kind !== 'request') throw new Error(JSON.stringify(made.issues))
    const judged = checkRequest(made.body, ['MSK', 'CHIROPRACTOR', 'VESTIBULAR', 'PEDIATRIC'])
    expect(judged).toMatchObject({ kind: 'accepted', unknownFields: 0 })
  }
})
