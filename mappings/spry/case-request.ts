import type { KnownToConnection, RequestIssue, RequestOrIssues } from '#partner'
import type { SpryCase, SpryIcdCode, SpryInsuranceCard, SpryPhysician } from './records.ts'

type Body = Record<string, unknown>
type Note = (path: string, code: RequestIssue['code'], message: string) => undefined

/**
 * The body of "Add Case" that says what a case says: only fields that the request documents, numbers where it documents numbers.
 * What is null or absent in the case is left out; what Spry would refuse is an issue instead of a request.
 */
export function caseRequest(record: SpryCase, known: KnownToConnection = {}): RequestOrIssues {
  const issues: RequestIssue[] = []
  const note: Note = (path, code, message) => void issues.push({ path, code, message })

  if (!record.patient_id) note('patient_id', 'required', 'A case needs its patient')
  if (!record.case_title) note('case_title', 'required', 'A case needs a title')
  const enabled = known.allowed?.specialization
  if (!record.specialization) note('specialization', 'required', 'A case needs a specialization')
  else if (enabled !== undefined && !enabled.includes(record.specialization)) {
    note('specialization', 'unmapped-code', 'The specialization is not enabled for this organization')
  }

  const body = withoutEmpty({
    patient_id: record.patient_id,
    case_title: record.case_title,
    specialization: record.specialization,
    direct_access: record.direct_access,
    referring_physician_details: physician(record.referring_physician_details, 'referring_physician_details', note),
    secondary_referring_physician_details: physician(
      record.secondary_referring_physician_details,
      'secondary_referring_physician_details',
      note
    ),
    tertiary_referring_physician_details: physician(
      record.tertiary_referring_physician_details,
      'tertiary_referring_physician_details',
      note
    ),
    icd_codes: record.icd_codes?.map((code, index) => icdCode(code, `icd_codes[${index}]`, note)),
    treating_icd_codes: record.treating_icd_codes?.map((code, index) => icdCode(code, `treating_icd_codes[${index}]`, note)),
    number_of_past_visits_for_this_case: record.number_of_past_visits_for_this_case,
    treatment_start_date: date(record.treatment_start_date, 'treatment_start_date', note),
    date_of_injury: date(record.date_of_injury, 'date_of_injury', note),
    date_of_surgery: date(record.date_of_surgery, 'date_of_surgery', note),
    insurance_card_list: record.insurance_card_list?.map((card, index) =>
      insuranceCard(card, `insurance_card_list[${index}]`, note)
    ),
    treatment_status: oneOf(['ACTIVE', 'DISCHARGED'], record.treatment_status, 'treatment_status', note),
    payment_mode: oneOf(paymentModes, record.payment_mode, 'payment_mode', note),
    frequency_and_duration: record.frequency_and_duration,
    visit_track_required: record.visit_track_required,
    case_visit_limit: record.case_visit_limit,
    body_pain_notes: record.body_pain_notes,
    affected_body_part_details: record.affected_body_part_details,
    clinic_id: record.clinic_id
  })
  return issues.length === 0 ? { kind: 'request', body } : { kind: 'issues', issues }
}

const paymentModes = ['INSURANCE_PAY', 'SELF_PAY', 'CASH', 'CARD', 'UPI', 'WALLET']

function physician(details: SpryPhysician | null | undefined, path: string, note: Note): Body | undefined {
  if (details == null) return undefined
  const id = details.ref_physician_id ?? details.referring_physician_id
  if (!id) return note(`${path}.ref_physician_id`, 'missing-reference', "The physician has no id in Spry's own directory")
  return withoutEmpty({
    referring_physician_id: id,
    first_name: details.first_name,
    last_name: details.last_name,
    npi: wholeNumber(details.npi, `${path}.npi`, note),
    fax_number: wholeNumber(details.fax_number, `${path}.fax_number`, note),
    phone_number: wholeNumber(details.phone_number, `${path}.phone_number`, note),
    address1: details.address1,
    address2: details.address2,
    city: details.city,
    state: details.state,
    zip: zip(details.zip, `${path}.zip`, note)
  })
}

function icdCode(icd: SpryIcdCode, path: string, note: Note): Body {
  if (!icd.id) note(`${path}.id`, 'missing-reference', "The code has no id in Spry: look it up by 'Search ICD Codes'")
  if (!icd.code) note(`${path}.code`, 'required', 'The ICD-10 code itself is missing')
  const revision = oneOf(['ICD10'], icd.revision ?? 'ICD10', `${path}.revision`, note)
  return withoutEmpty({ id: icd.id, code: icd.code, description: icd.description, revision })
}

/** "Pass the insurance object as returned by the Get Insurance Cards endpoint", so nothing of it is left out. */
function insuranceCard(card: SpryInsuranceCard, path: string, note: Note): Body {
  if (!card.insurance_card_id) note(`${path}.insurance_card_id`, 'missing-reference', 'The card has no id in Spry')
  if (card.insurance_card_type == null)
    note(`${path}.insurance_card_type`, 'required', 'The rank of the card in this case is missing')
  else oneOf(['PRIMARY', 'SECONDARY', 'TERTIARY'], card.insurance_card_type, `${path}.insurance_card_type`, note)
  return card
}

/** A number that may have come as text. Text stays where a number would lose digits: a leading zero, or more than 15 of them. */
function wholeNumber(value: number | string | null | undefined, path: string, note: Note): number | string | undefined {
  if (typeof value === 'number') return value
  const digits = value?.replace(/[\s().+-]/g, '') ?? ''
  if (digits === '') return undefined
  if (!/^\d+$/.test(digits)) return note(path, 'invalid-content', 'Spry takes digits here')
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : digits
}

/** The first five digits as a number; a ZIP code of New England loses its leading zero, as the documented type demands. */
function zip(value: number | string | null | undefined, path: string, note: Note): number | undefined {
  if (value == null || value === '') return undefined
  const five = /^\d{5}/.exec(String(value).padStart(5, '0'))?.[0]
  return five === undefined ? note(path, 'invalid-content', 'Spry takes a ZIP code of five digits here') : Number(five)
}

function date(value: string | null | undefined, path: string, note: Note): string | undefined {
  if (value == null || /^\d{4}-\d{2}-\d{2}$/.test(value)) return value ?? undefined
  return note(path, 'invalid-content', 'Spry takes a date as YYYY-MM-DD here')
}

function oneOf(allowed: readonly string[], value: string | null | undefined, path: string, note: Note): string | undefined {
  if (value == null || allowed.includes(value)) return value ?? undefined
  return note(path, 'unmapped-code', `Spry takes ${allowed.join(', ')} here`)
}

function withoutEmpty(fields: Body): Body {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null))
}
