/**
 * Spry's records as read (partner document "Add Case", response). The schemas are tolerant where the documents drift: an id or a
 * telephone number may be a number in one place and a string in another. Fields that nobody foresaw stay in the record.
 */
import { z } from 'zod'

/** Examples for the generator of test records: mostly these, sometimes anything the type allows. */
const like = (...examples: unknown[]) => ({ examples })

const numberOrString = z.union([z.number(), z.string()])
const date = z.string().meta(like('2026-04-01', '2025-12-31', '2024-02-29'))
const zonelessTime = z.string().meta(like('2026-04-01T12:16:23.032', '2026-04-01T12:50:23.68939', '2026-05-19T10:00:00'))
const zonedTime = z.string().meta(like('2026-04-01T12:16:23.032Z', '2026-04-01T12:50:23.691471Z'))

/** ICD Code Object. `uuid`, `billing_type` and `is_primary` are seen in notes only. */
export const SpryIcdCode = z.looseObject({
  id: z.int().nullish().meta(like(9676, 2, 311, 4402)),
  code: z.string().nullish().meta(like('M72.1', 'M25.511', 'M54.50', 'S32.001A')),
  description: z.string().nullish().meta(like('Knuckle pads', 'Pain in right shoulder', 'Low back pain, unspecified')),
  revision: z.string().nullish().meta(like('ICD10')),
  uuid: z.string().optional().meta(like('66b381652fa0546147a186d1')),
  billing_type: z.string().optional().meta(like('BILLABLE')),
  is_primary: z.boolean().nullable().optional(),
})
export type SpryIcdCode = z.infer<typeof SpryIcdCode>

/** Referring Physician Object; requests say `referring_physician_id`, answers `ref_physician_id`. */
export const SpryPhysician = z.looseObject({
  ref_physician_id: z.int().nullish().meta(like(180513, 180514, 991)),
  referring_physician_id: z.int().optional(),
  first_name: z.string().nullish().meta(like('MARK', 'Ana')),
  last_name: z.string().nullish().meta(like('STOUFFER', 'Núñez')),
  npi: numberOrString.nullish().meta(like('1316131790', 1316131790)),
  phone_number: numberOrString.nullish().meta(like('4356526024', 4356526024)),
  fax_number: numberOrString.nullish().meta(like('4356526025', 4356526025)),
  address1: z.string().nullish().meta(like('617 E RIVERSIDE DR STE 30')),
  address2: z.string().nullish().meta(like('', 'Floor 2')),
  city: z.string().nullish().meta(like('ST GEORGE', 'Boston')),
  state: z.string().nullish().meta(like('UT', 'MA')),
  zip: numberOrString.nullish().meta(like('84790-7049', 84790, 2134, '02134')),
})
export type SpryPhysician = z.infer<typeof SpryPhysician>

/** The payer inside an insurance card. */
export const SpryPayer = z.looseObject({
  payer_reg_id: z.int().nullish().meta(like(2207, 18)),
  name: z.string().nullish().meta(like('PEHP - Utah Public Employee Health Plan')),
  payer_id: z.string().nullish().meta(like('SX106')),
})
export type SpryPayer = z.infer<typeof SpryPayer>

/** Insurance Card Object: the card as Get Insurance Cards returns it, and its rank in the case. */
export const SpryInsuranceCard = z.looseObject({
  insurance_card_id: z.int().meta(like(1089201, 1089202, 77)),
  insurance_payer: SpryPayer.nullish(),
  insurance_number: z.string().nullish().meta(like('M0000121643')),
  plan_start_date: date.nullish(),
  plan_end_date: date.nullish(),
  insurance_card_type: z.string().nullish().meta(like('PRIMARY', 'SECONDARY', 'TERTIARY')),
})
export type SpryInsuranceCard = z.infer<typeof SpryInsuranceCard>

/** A patient case as Spry returns it. */
export const SpryCase = z.looseObject({
  id: z.string().optional().meta(like('69cd0c97e7562d613ea89bc8')),
  spry_case_id: z.string().min(1).meta(like('SPRY_CASE_69cd0c97e7562d613ea89bc7', 'SPRY_CASE_69cd0c97e7562d613ea89bd0')),
  patient_id: z.int().meta(like(1172416, 1001, 1002)),
  case_title: z.string().meta(like('Stable Burst Fracture', 'Left knee pain')),
  specialization: z.string().meta(like('MSK', 'CHIROPRACTOR', 'LYMPHATIC', 'VESTIBULAR', 'PEDIATRIC', 'AQUATIC')),
  direct_access: z.boolean().nullish(),
  referring_physician_details: SpryPhysician.nullish(),
  secondary_referring_physician_details: SpryPhysician.nullish(),
  tertiary_referring_physician_details: SpryPhysician.nullish(),
  icd_codes: z.array(SpryIcdCode).nullish(),
  treating_icd_codes: z.array(SpryIcdCode).nullish(),
  number_of_past_visits_for_this_case: z.int().nullish().meta(like(0, 3, 12)),
  treatment_start_date: date.nullish(),
  date_of_injury: date.nullish(),
  date_of_surgery: date.nullish(),
  insurance_card_list: z.array(SpryInsuranceCard).nullish(),
  treatment_status: z.string().nullish().meta(like('ACTIVE', 'DISCHARGED')),
  patient_case_identifier: z
    .looseObject({
      patient_id: z.int().nullish(),
      case_title: z.string().nullish(),
      treatment_status: z.string().nullish(),
    })
    .nullish(),
  payment_mode: z.string().nullish().meta(like('INSURANCE_PAY', 'SELF_PAY', 'CASH', 'CARD', 'UPI', 'WALLET')),
  frequency_and_duration: z.string().nullish().meta(like('3x/week for 6 weeks')),
  visit_track_required: z.boolean().nullish(),
  case_visit_limit: z.int().nullish().meta(like(0, 12, 30)),
  body_pain_notes: z.string().nullish().meta(like('Worse when sitting; better after a walk.\nNo night pain.')),
  affected_body_part_details: z.array(z.string().meta(like('Lumbar spine', 'Left knee'))).nullish(),
  clinic_id: z.int().optional().meta(like(412)),
  organisation_id: z.int().nullish().meta(like(638)),
  authorization_required: z.boolean().nullish(),
  auth_required_status: z.string().nullish().meta(like('NA', 'AUTH_REQUIRED', 'AUTH_NOT_REQUIRED', 'AUTH_EXPIRED')),
  created_at: zonelessTime.nullish(),
  updated_at: zonelessTime.nullish(),
  created_date: zonedTime.nullish(),
  updated_date: zonedTime.nullish(),
})
export type SpryCase = z.infer<typeof SpryCase>
