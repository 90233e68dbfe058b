import type { SpryCase } from '../records.ts'

/** The documented answer, verbatim (Spry, "Add Case"): case 0 of every population. */
export const documentedCase: SpryCase = {
  created_date: '2026-04-01T12:16:23.032Z',
  updated_date: '2026-04-01T12:50:23.691471Z',
  id: '69cd0c97e7562d613ea89bc8',
  spry_case_id: 'SPRY_CASE_69cd0c97e7562d613ea89bc7',
  case_title: 'Stable Burst Fracture',
  patient_id: 1172416,
  specialization: 'MSK',
  affected_body_part_details: [],
  patient_case_identifier: { patient_id: 1172416, case_title: 'Stable Burst Fracture', treatment_status: 'ACTIVE' },
  referring_physician_details: {
    first_name: 'MARK',
    last_name: 'STOUFFER',
    npi: '1316131790',
    ref_physician_id: 180513,
    fax_number: '4356526025',
    phone_number: '4356526024',
    address1: '617 E RIVERSIDE DR STE 30',
    address2: '',
    city: 'ST GEORGE',
    state: 'UT',
    zip: '84790-7049'
  },
  icd_codes: [],
  treating_icd_codes: [],
  insurance_card_list: [
    {
      insurance_card_id: 1089201,
      insurance_payer: { payer_reg_id: 2207, name: 'PEHP - Utah Public Employee Health Plan', payer_id: 'SX106' },
      insurance_number: 'M0000121643',
      plan_start_date: '2025-09-01',
      plan_end_date: '2026-08-31',
      insurance_card_type: 'PRIMARY'
    }
  ],
  number_of_past_visits_for_this_case: 0,
  treatment_status: 'ACTIVE',
  treatment_start_date: null,
  date_of_injury: null,
  date_of_surgery: null,
  direct_access: false,
  authorization_required: true,
  auth_required_status: 'NA',
  payment_mode: null,
  frequency_and_duration: null,
  visit_track_required: false,
  case_visit_limit: 0,
  body_pain_notes: null,
  created_at: '2026-04-01T12:16:23.032',
  updated_at: '2026-04-01T12:50:23.68939',
  organisation_id: 638
}
