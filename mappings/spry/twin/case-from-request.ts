import type { SpryCase, SpryPhysician } from '../records.ts'
import type { AddCase, AddCasePhysician } from './check-request.ts'
import { physicianAt, physicianNumber } from './directory.ts'

/** What Spry keeps of a case beside the request. */
export type AssignedFields = Required<Pick<SpryCase, 'id' | 'spry_case_id'>> &
  Pick<SpryCase, 'created_date' | 'updated_date' | 'created_at' | 'updated_at'>

/** Spry's directory of physicians: details are resolved by id, and only for an unknown id taken from the request. */
export interface PhysicianDirectory {
  readonly seed: number
  readonly physicians: number
}

/**
 * The case that Spry stores for a request, with its fields in the documented order. Numbers come back as strings, the ZIP code
 * with four more digits, `referring_physician_id` as `ref_physician_id`; `clinic_id` does not come back at all.
 */
export function caseFromRequest(request: AddCase, assigned: AssignedFields, directory: PhysicianDirectory): SpryCase {
  const { patient_id, case_title, specialization } = request
  const treatment_status = request.treatment_status ?? 'ACTIVE'
  const resolve = (details: AddCasePhysician | null | undefined) => (details == null ? null : physician(details, directory))
  const secondary = resolve(request.secondary_referring_physician_details)
  const tertiary = resolve(request.tertiary_referring_physician_details)
  return {
    created_date: assigned.created_date,
    updated_date: assigned.updated_date,
    id: assigned.id,
    spry_case_id: assigned.spry_case_id,
    case_title,
    patient_id,
    specialization,
    affected_body_part_details: request.affected_body_part_details ?? [],
    patient_case_identifier: { patient_id, case_title, treatment_status },
    referring_physician_details: resolve(request.referring_physician_details),
    ...(secondary === null ? {} : { secondary_referring_physician_details: secondary }),
    ...(tertiary === null ? {} : { tertiary_referring_physician_details: tertiary }),
    icd_codes: request.icd_codes ?? [],
    treating_icd_codes: request.treating_icd_codes ?? [],
    insurance_card_list: request.insurance_card_list ?? [],
    number_of_past_visits_for_this_case: request.number_of_past_visits_for_this_case ?? 0,
    treatment_status,
    treatment_start_date: request.treatment_start_date ?? null,
    date_of_injury: request.date_of_injury ?? null,
    date_of_surgery: request.date_of_surgery ?? null,
    direct_access: request.direct_access ?? false,
    authorization_required: true,
    auth_required_status: 'NA',
    payment_mode: request.payment_mode ?? null,
    frequency_and_duration: request.frequency_and_duration ?? null,
    visit_track_required: request.visit_track_required ?? false,
    case_visit_limit: request.case_visit_limit ?? 0,
    body_pain_notes: request.body_pain_notes ?? null,
    created_at: assigned.created_at,
    updated_at: assigned.updated_at,
    organisation_id: 638
  }
}

/** The documented answer to a create leaves out what the request sent in these two fields, though later reads show it. */
export function createAnswer(stored: SpryCase): SpryCase {
  return { ...stored, icd_codes: [], treatment_start_date: null }
}

function physician(details: AddCasePhysician, directory: PhysicianDirectory): SpryPhysician {
  const id = details.referring_physician_id
  const number = physicianNumber(id, directory.physicians)
  if (number !== undefined) return physicianAt(directory.seed, number)
  const text = (value: number | null | undefined) => (value == null ? null : String(value))
  return {
    first_name: details.first_name,
    last_name: details.last_name,
    npi: text(details.npi),
    ref_physician_id: id,
    fax_number: text(details.fax_number),
    phone_number: text(details.phone_number),
    address1: details.address1,
    address2: details.address2,
    city: details.city,
    state: details.state,
    zip: details.zip == null ? null : `${String(details.zip).padStart(5, '0')}-${1000 + (id % 9000)}`
  }
}
