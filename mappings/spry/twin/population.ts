import type { SpryCase, SpryInsuranceCard } from '../records.ts'
import { caseIds } from './case-ids.ts'
import type { TwinPatient } from './directory.ts'
import { cardsOf, patientAt, physicianAt } from './directory.ts'
import { documentedCase } from './documented-case.ts'
import { regions } from './icd-codes.ts'
import { diceAt } from './seeded.ts'
import { microsOf, updatedDateLag, zonedTime, zonelessTime } from './spry-time.ts'

/** A practice's cases, each made when it is asked for and always the same: 0 is the documented example, higher ones are older. */
export interface Population {
  readonly seed: number
  readonly size: number
  readonly physicians: number
  caseAt(number: number): SpryCase
  /** Microseconds; far cheaper than the case. */
  updatedAt(number: number): number
  patientIdAt(number: number): number
  patients(from?: number, count?: number): Iterable<TwinPatient>
}

const span = 2 * 365 * 24 * 3600 * 1000
const newest = microsOf(documentedCase.created_at ?? '') / 1000

export function population(seed: number, size: number): Population {
  const step = Math.floor(span / Math.max(size, 1))
  const physicians = Math.max(5, Math.ceil(size / 40))
  // Every third patient has two cases.
  const patientNumberAt = (number: number) => Math.floor((number * 3) / 4)
  const createdAt = (number: number) => newest - number * step + Math.floor(diceAt(seed, number, 5).next() * step * 0.9)
  const updatedAt = (number: number) =>
    number === 0
      ? microsOf(documentedCase.updated_at ?? '')
      : createdAt(number) * 1000 + Math.floor(diceAt(seed, number, 6).next() * Math.min(number * step + 1, span / 20) * 900)

  return {
    seed,
    size,
    physicians,
    updatedAt,
    patientIdAt: (number) => patientAt(seed, patientNumberAt(number)).patient_id,
    caseAt: (number) =>
      number === 0
        ? structuredClone(documentedCase)
        : caseOf(seed, number, patientNumberAt(number), physicians, createdAt(number), updatedAt(number)),
    *patients(from = 0, count = Number.POSITIVE_INFINITY) {
      const all = size === 0 ? 0 : patientNumberAt(size - 1) + 1
      for (let number = from; number < Math.min(all, from + count); number++) yield patientAt(seed, number)
    }
  }
}

function caseOf(
  seed: number,
  number: number,
  patientNumber: number,
  physicians: number,
  created: number,
  updated: number
): SpryCase {
  const dice = diceAt(seed, number, 7)
  const region = dice.pick(regions)
  const { patient_id } = patientAt(seed, patientNumber)
  const case_title = dice.pick(region.titles)
  const treatment_status = dice.chance(0.35) ? 'DISCHARGED' : 'ACTIVE'
  const direct_access = dice.chance(0.15)
  const codes = someOf(region.codes, 1 + dice.below(3), dice.below(region.codes.length))
  const insurance_card_list = ranked(cardsOf(seed, patientNumber))
  const authorization_required = insurance_card_list.length > 0 && dice.chance(0.4)
  const limit = dice.chance(0.4) ? dice.pick([6, 8, 12, 16, 20, 24, 30]) : 0
  const surgery = dice.chance(0.2)
  return {
    created_date: zonedTime(created * 1000),
    updated_date: zonedTime(updated + updatedDateLag),
    ...caseIds(-number, created),
    case_title,
    patient_id,
    specialization: dice.pick(region.specializations),
    affected_body_part_details: dice.chance(0.8) ? [region.bodyPart] : [],
    patient_case_identifier: { patient_id, case_title, treatment_status },
    referring_physician_details: direct_access ? null : physicianAt(seed, dice.below(physicians)),
    ...(dice.chance(0.05) ? { secondary_referring_physician_details: physicianAt(seed, dice.below(physicians)) } : {}),
    icd_codes: codes,
    treating_icd_codes: dice.chance(0.3) ? codes.slice(0, 1) : [],
    insurance_card_list,
    number_of_past_visits_for_this_case: dice.chance(0.3) ? dice.below(15) : 0,
    treatment_status,
    treatment_start_date: dayOf(created + dice.below(7) * day),
    date_of_injury: dice.chance(0.5) ? dayOf(created - (3 + dice.below(90)) * day) : null,
    date_of_surgery: surgery ? dayOf(created - (1 + dice.below(40)) * day) : null,
    direct_access,
    authorization_required,
    auth_required_status: authorization_required
      ? dice.pick(['AUTH_REQUIRED', 'AUTH_EXPIRED'])
      : dice.pick(['NA', 'AUTH_NOT_REQUIRED']),
    payment_mode: dice.chance(0.7)
      ? insurance_card_list.length > 0
        ? 'INSURANCE_PAY'
        : dice.pick(['SELF_PAY', 'CASH', 'CARD'])
      : null,
    frequency_and_duration: dice.chance(0.7) ? `${1 + dice.below(3)}x/week for ${4 + dice.below(9)} weeks` : null,
    visit_track_required: limit > 0,
    case_visit_limit: limit,
    body_pain_notes: dice.chance(0.6)
      ? noteAbout(region.bodyPart, dice.pick(onsets), dice.pick(courses), dice.below(9) + 1)
      : null,
    created_at: zonelessTime(created * 1000),
    updated_at: zonelessTime(updated),
    organisation_id: 638
  }
}

const day = 24 * 3600 * 1000
const dayOf = (millis: number) => new Date(millis).toISOString().slice(0, 10)

function someOf<T>(items: readonly T[], count: number, first: number): T[] {
  return Array.from({ length: Math.min(count, items.length) }, (_, place) => items[(first + place) % items.length] as T)
}

function ranked(cards: readonly SpryInsuranceCard[]): SpryInsuranceCard[] {
  return cards.map((card, place) => ({ ...card, insurance_card_type: place === 0 ? 'PRIMARY' : 'SECONDARY' }))
}

const onsets = [
  'Gradual onset over several weeks.',
  'Sudden onset when lifting.',
  'Began after a fall.',
  'Worse since the surgery.'
]
const courses = [
  'Worse when sitting; better after a walk.\nNo night pain.',
  'Wakes at night; eases with heat & rest.',
  'Stiff in the morning for < 30 minutes.',
  'Sharp at end of range, dull ache afterwards.'
]

function noteAbout(bodyPart: string, onset: string, course: string, pain: number): string {
  return `${bodyPart}: ${pain}/10 at worst. ${onset} ${course}`
}
