/** What a person changes in FHIR reaches the partner's record in its own terms, and nothing else of the record moves. */
import type { Account, Condition, Coverage, EpisodeOfCare, Practitioner } from '@medplum/fhirtypes'
import { describe, expect, test } from 'vitest'
import { bind, type Piece, toFhir } from '#mapping'
import { icdCode } from '../../mappings/spry/icd-code.ts'
import { afterEdit, backPain, caseWith, type Given, type Json, knucklePads, shoulderPain } from './support/edit-case.ts'

const episode = (given: Given) => given.at('episode') as unknown as EpisodeOfCare
const problem = (given: Given) => given.at('problem') as unknown as Condition
const url = (name: string) => `https://fhir.example.org/StructureDefinition/${name}`

describe('a single value', () => {
  test('changed', () => {
    const base = caseWith({ tags: ['unforeseen'] })
    const { record, issues } = afterEdit(base, (given) => {
      problem(given).onsetDateTime = '2026-03-30'
    })
    expect(issues).toEqual([])
    expect(record).toEqual({ ...base, date_of_injury: '2026-03-30' })
  })

  test('taken away, becomes what the partner writes for none', () => {
    const base = caseWith({ body_pain_notes: 'Worse when sitting', treatment_start_date: '2026-04-02' })
    const { record } = afterEdit(base, (given) => {
      delete problem(given).note
      delete episode(given).period
    })
    expect(record).toEqual({ ...base, body_pain_notes: null, treatment_start_date: null })
  })

  test('that the partner cannot read is an issue with both paths, and the base keeps its literal', () => {
    const base = caseWith({ date_of_injury: '2026-03-30' })
    const { record, issues } = afterEdit(base, (given) => {
      problem(given).onsetDateTime = '2026-03'
    })
    expect(record).toBe(base)
    expect(issues).toMatchObject([{ from: 'date_of_injury', to: 'Condition.onsetDateTime' }])
    expect(issues[0]?.message).not.toContain('2026-03')
  })

  test('assigned by the partner is never written', () => {
    const base = caseWith()
    const { record } = afterEdit(base, (given) => {
      problem(given).recordedDate = '2020-01-01T00:00:00Z'
      const created = episode(given).extension?.find((one) => one.url === url('source-created'))
      if (created) created.valueDateTime = '2020-01-01T00:00:00Z'
    })
    expect(record).toBe(base)
  })

  test('written on create only is not written afterwards', () => {
    const base = caseWith()
    const { record, issues } = afterEdit(base, (given) => {
      episode(given).status = 'finished'
    })
    expect(record).toBe(base)
    expect(issues).toMatchObject([{ from: 'treatment_status', to: 'EpisodeOfCare.status', code: 'unsupported-write' }])
  })

  test('that is another code for the same thing is no change', () => {
    const base = caseWith()
    const { record, issues } = afterEdit(base, (given) => {
      episode(given).status = 'onhold'
    })
    expect(record).toBe(base)
    expect(issues).toEqual([])
  })

  test('a constant is the EHR’s to change', () => {
    const base = caseWith({ icd_codes: [knucklePads] })
    const { record } = afterEdit(base, (given) => {
      problem(given).clinicalStatus = { coding: [{ code: 'resolved' }] }
    })
    expect(record).toBe(base)
  })
})

describe('an extension', () => {
  test('changed', () => {
    const base = caseWith()
    const { record } = afterEdit(base, (given) => {
      const limit = episode(given).extension?.find((one) => one.url === url('spry-case-visit-limit'))
      if (limit) limit.valueInteger = 12
    })
    expect(record).toEqual({ ...base, case_visit_limit: 12 })
  })

  test('added, between those of an EHR', () => {
    const base = caseWith()
    const { record } = afterEdit(base, (given) => {
      episode(given).extension?.unshift(
        { url: 'https://ehr.example/flag', valueString: 'x' },
        { url: url('spry-payment-mode'), valueCode: 'CASH' }
      )
    })
    expect(record).toEqual({ ...base, payment_mode: 'CASH' })
  })

  test('false and none are the same to the partner, so taking it away changes nothing', () => {
    const base = caseWith({ direct_access: false })
    const { record } = afterEdit(base, (given) => {
      const one = episode(given)
      one.extension = one.extension?.filter((each) => each.url !== url('spry-direct-access')) ?? []
    })
    expect(record).toBe(base)
  })
})

describe('a derived copy', () => {
  test('follows its fields', () => {
    const base = caseWith()
    const { record } = afterEdit(base, (given) => {
      problem(given).code = { text: 'Burst fracture, stable' }
    })
    expect(record).toEqual({
      ...base,
      case_title: 'Burst fracture, stable',
      patient_case_identifier: { patient_id: 1172416, case_title: 'Burst fracture, stable', treatment_status: 'ACTIVE' }
    })
  })

  test('that disagreed with its fields before stays as it is', () => {
    const base = caseWith({ patient_case_identifier: { case_title: 'Another title' } })
    const { record } = afterEdit(base, (given) => {
      problem(given).code = { text: 'Burst fracture, stable' }
    })
    expect(record).toEqual({ ...base, case_title: 'Burst fracture, stable' })
  })
})

describe('a list of codes', () => {
  const base = caseWith({ icd_codes: [knucklePads, { ...shoulderPain, note: 'unforeseen' }] })
  const medical = (given: Given) => (episode(given).diagnosis ?? []).filter((one) => one.role?.coding?.[0]?.code === 'medical')

  test('reordered by rank, keeps every literal', () => {
    const { record } = afterEdit(base, (given) => {
      const [first, second] = medical(given)
      if (first && second) [first.rank, second.rank] = [2, 1]
    })
    expect(record).toEqual({ ...base, icd_codes: [{ ...shoulderPain, note: 'unforeseen' }, knucklePads] })
  })

  test('in another order of elements but the same ranks is no change', () => {
    const { record } = afterEdit(base, (given) => {
      episode(given).diagnosis?.reverse()
    })
    expect(record).toBe(base)
  })

  test('one removed', () => {
    const { record } = afterEdit(base, (given) => {
      const [first] = medical(given)
      const one = episode(given)
      one.diagnosis = (one.diagnosis ?? []).filter((each) => each !== first)
    })
    expect(record).toEqual({ ...base, icd_codes: [{ ...shoulderPain, note: 'unforeseen' }] })
  })

  test('all removed is an empty list', () => {
    const { record } = afterEdit(base, (given) => {
      const one = episode(given)
      one.diagnosis = (one.diagnosis ?? []).filter((each) => each.role?.coding?.[0]?.code === 'CC')
    })
    expect(record).toEqual({ ...base, icd_codes: [] })
  })

  test('one added', () => {
    const added = codeOfCase(backPain)
    const { record, issues } = afterEdit(
      base,
      (given) => {
        episode(given).diagnosis?.push({
          condition: { reference: added.key },
          role: { coding: [{ system: 'https://fhir.example.org/CodeSystem/case-diagnosis-role', code: 'medical' }] },
          rank: 3
        })
      },
      [added]
    )
    expect(issues).toEqual([])
    expect(record).toEqual({ ...base, icd_codes: [knucklePads, { ...shoulderPain, note: 'unforeseen' }, backPain] })
  })

  test('one added that is not there is an issue, and the others stand', () => {
    const { record, issues } = afterEdit(base, (given) => {
      episode(given).diagnosis?.push({
        condition: { reference: 'Condition/unknown' },
        role: { coding: [{ system: 'https://fhir.example.org/CodeSystem/case-diagnosis-role', code: 'medical' }] }
      })
    })
    expect(record).toEqual(base)
    expect(issues).toMatchObject([{ from: 'icd_codes', code: 'missing-reference' }])
  })

  test('a description edited in the Condition', () => {
    const { record } = afterEdit(base, (given) => {
      const condition = given.at('diagnoses[SPRY_CASE_69cd0c97e7562d613ea89bc7/311].condition') as unknown as Condition
      condition.code = { ...condition.code, text: 'Right shoulder pain' }
    })
    expect(record).toEqual({
      ...base,
      icd_codes: [knucklePads, { ...shoulderPain, note: 'unforeseen', description: 'Right shoulder pain' }]
    })
  })
})

test('a code that a changed revision only hides is not taken away', () => {
  const base = caseWith({ icd_codes: [{ ...knucklePads, id: null }] })
  const { record } = afterEdit(base, (given) => {
    const condition = given.at('diagnoses[SPRY_CASE_69cd0c97e7562d613ea89bc7/code:M72.1].condition') as unknown as Condition
    condition.extension = [{ url: url('spry-icd-revision'), valueCode: 'ICD9' }]
    condition.code = { text: 'Knuckle pads' }
  })
  expect(record).toEqual({ ...base, icd_codes: [{ ...knucklePads, id: null, revision: 'ICD9' }] })
})

describe('nested records', () => {
  test('a name edited in the physician reaches that physician', () => {
    const base = caseWith({
      secondary_referring_physician_details: { ref_physician_id: 991, last_name: 'Núñez', npi: 1316131790 }
    })
    const { record } = afterEdit(base, (given) => {
      const practitioner = given.at('physicians[991].practitioner') as unknown as Practitioner
      practitioner.name = [{ family: 'Nunez' }]
    })
    expect(record).toEqual({
      ...base,
      secondary_referring_physician_details: { ref_physician_id: 991, last_name: 'Nunez', npi: 1316131790 }
    })
  })

  test('physicians that change places keep what each of them is', () => {
    const second = { ref_physician_id: 991, last_name: 'Núñez', zip: 2134 }
    const base = caseWith({ secondary_referring_physician_details: second })
    const { record } = afterEdit(base, (given) => {
      const found = (episode(given).extension ?? []).filter((one) => one.url === url('spry-referring-physician'))
      const [first, other] = found.map((one) => one.extension?.[1]) as { valueReference: object }[]
      if (!first || !other) throw new Error('there are two physicians')
      const { valueReference } = first
      first.valueReference = other.valueReference
      other.valueReference = valueReference
    })
    expect(record.referring_physician_details).toMatchObject({ ref_physician_id: 991, last_name: 'Núñez', zip: '02134' })
    expect(record.secondary_referring_physician_details).toMatchObject({ ref_physician_id: 180513, last_name: 'STOUFFER' })
  })

  test('a third physician taken away leaves no key, the first one null', () => {
    const base = caseWith({ tertiary_referring_physician_details: { ref_physician_id: 991, last_name: 'Núñez' } })
    const { record } = afterEdit(base, (given) => {
      const one = episode(given)
      one.extension = (one.extension ?? []).filter((each) => each.url !== url('spry-referring-physician'))
    })
    expect(record.referring_physician_details).toBeNull()
    expect('tertiary_referring_physician_details' in record).toBe(false)
  })

  test('the rank of a card is the case’s, its dates are the card’s', () => {
    const base = caseWith()
    const [card] = base.insurance_card_list as Json[]
    const { record } = afterEdit(base, (given) => {
      const coverage = (given.at('account') as unknown as Account).coverage?.[0]
      if (coverage) coverage.priority = 2
      const own = given.at('cards[1089201].coverage') as unknown as Coverage
      own.period = { start: '2025-09-01', end: '2027-08-31' }
    })
    expect(record).toEqual({
      ...base,
      insurance_card_list: [{ ...card, plan_end_date: '2027-08-31', insurance_card_type: 'SECONDARY' }]
    })
  })
})

/** A diagnosis of the documented case, as a resource of its own. */
function codeOfCase(code: Json): Piece {
  const bound = bind(icdCode, { connection: 'spry', serviceTimeZone: 'UTC' })
  const { spry_case_id, patient_id, created_at } = caseWith()
  const piece = toFhir(bound, { context: { spry_case_id, patient_id, created_at }, icd_code: code }).pieces.find(
    (one) => one.place === 'condition'
  )
  if (!piece) throw new Error('the code has no Condition')
  return piece
}
