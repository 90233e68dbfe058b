import { z } from 'zod'
import type { SpryInsuranceCard } from '../records.ts'

/** The documented request of "Add Case", as strict as its tables; what they do not name is passed over. */
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const spryId = z.int().refine((id) => id !== 0, 'must be non-null and non-zero')

const physician = z.object({
  referring_physician_id: spryId,
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
  npi: z.int().nullish(),
  fax_number: z.int().nullish(),
  phone_number: z.int().nullish(),
  address1: z.string().nullish(),
  address2: z.string().nullish(),
  city: z.string().nullish(),
  state: z.string().nullish(),
  zip: z.int().nullish()
})

const icdCode = z.object({ id: spryId, code: z.string().min(1), description: z.string().nullish(), revision: z.literal('ICD10') })

const rankedCard = z.looseObject({
  insurance_card_id: z.int(),
  insurance_card_type: z.enum(['PRIMARY', 'SECONDARY', 'TERTIARY'])
})
/** Stored as it was passed, with its fields in their order. */
const insuranceCard = z.custom<SpryInsuranceCard>((card) => rankedCard.safeParse(card).success, 'must be a card with its rank')

const addCase = z.object({
  patient_id: z.int().positive(),
  case_title: z.string().min(1),
  specialization: z.string(),
  direct_access: z.boolean().nullish(),
  referring_physician_details: physician.nullish(),
  secondary_referring_physician_details: physician.nullish(),
  tertiary_referring_physician_details: physician.nullish(),
  icd_codes: z.array(icdCode).nullish(),
  treating_icd_codes: z.array(icdCode).nullish(),
  number_of_past_visits_for_this_case: z.int().nullish(),
  treatment_start_date: date.nullish(),
  date_of_injury: date.nullish(),
  date_of_surgery: date.nullish(),
  insurance_card_list: z.array(insuranceCard).nullish(),
  treatment_status: z.enum(['ACTIVE', 'DISCHARGED']).nullish(),
  payment_mode: z.enum(['INSURANCE_PAY', 'SELF_PAY', 'CASH', 'CARD', 'UPI', 'WALLET']).nullish(),
  frequency_and_duration: z.string().nullish(),
  visit_track_required: z.boolean().nullish(),
  case_visit_limit: z.int().nullish(),
  body_pain_notes: z.string().nullish(),
  affected_body_part_details: z.array(z.string()).nullish(),
  clinic_id: z.int().nullish()
})
export type AddCase = z.infer<typeof addCase>
export type AddCasePhysician = z.infer<typeof physician>

export type CheckedRequest =
  | { readonly kind: 'accepted'; readonly request: AddCase; readonly unknownFields: number }
  | { readonly kind: 'refused'; readonly message: string }

/** Judges a request body as Spry would; the words of a refusal are supposed. */
export function checkRequest(body: unknown, enabledSpecializations: readonly string[]): CheckedRequest {
  const checked = addCase.safeParse(body)
  if (!checked.success) {
    const issue = checked.error.issues[0]
    return { kind: 'refused', message: `Invalid request: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` }
  }
  if (!enabledSpecializations.includes(checked.data.specialization)) {
    return { kind: 'refused', message: `Specialization ${checked.data.specialization} is not enabled for the organization` }
  }
  const unknownFields = Object.keys(body as object).filter((name) => !Object.hasOwn(addCase.shape, name)).length
  return { kind: 'accepted', request: checked.data, unknownFields }
}
