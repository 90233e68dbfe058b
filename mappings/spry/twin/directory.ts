import type { SpryInsuranceCard, SpryPhysician } from '../records.ts'
import { documentedCase } from './documented-case.ts'
import { diceAt } from './seeded.ts'

/** Spry's own directory of referring physicians: number 0 is the documented one. */
export function physicianAt(seed: number, number: number): SpryPhysician {
  if (number === 0) return { ...documentedCase.referring_physician_details }
  const dice = diceAt(seed, number, 1)
  const [city, zip5, area] = dice.pick(places)
  const phone = `${area}${200 + dice.below(800)}${String(dice.below(10_000)).padStart(4, '0')}`
  return {
    first_name: dice.pick(firstNames),
    last_name: dice.pick(lastNames),
    npi: npiAt(seed, number),
    ref_physician_id: firstPhysicianId + number,
    fax_number: String(Number(phone) + 1),
    phone_number: phone,
    address1: `${100 + dice.below(4900)} ${dice.pick(streets)}`,
    address2: dice.chance(0.3) ? `STE ${100 + dice.below(400)}` : '',
    city,
    state: 'UT',
    zip: `${zip5}-${String(1000 + dice.below(9000))}`
  }
}

const firstPhysicianId = 180513

/** The place in the directory of a physician id, if the directory has so many. */
export function physicianNumber(id: number, size: number): number | undefined {
  const number = id - firstPhysicianId
  return number >= 0 && number < size ? number : undefined
}

/** A number whose check digit is right: Luhn over the digits with the prefix 80840. */
function npiAt(seed: number, number: number): string {
  const nine = `1${String(diceAt(seed, number, 2).below(100_000_000)).padStart(8, '0')}`
  const sum = [...nine].reduce((total, digit, place) => {
    const doubled = place % 2 === 0 ? Number(digit) * 2 : Number(digit)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 24)
  return nine + ((10 - (sum % 10)) % 10)
}

/** The insurance cards of a patient as Get Insurance Cards returns them, without a rank; patient 0 is the documented one. */
export function cardsOf(seed: number, patientNumber: number): SpryInsuranceCard[] {
  if (patientNumber === 0) {
    return (documentedCase.insurance_card_list ?? []).map(({ insurance_card_type: _, ...card }) => structuredClone(card))
  }
  const dice = diceAt(seed, patientNumber, 3)
  const count = dice.chance(0.08) ? 0 : dice.chance(0.2) ? 2 : 1
  return Array.from({ length: count }, (_, place) => {
    const [payer_reg_id, name, payer_id] = dice.pick(payers)
    const year = 2025 + dice.below(2)
    return {
      insurance_card_id: 2_000_000 + patientNumber * 2 + place,
      insurance_payer: { payer_reg_id, name, payer_id },
      insurance_number: `${dice.pick(['M', 'W', 'XYZ', 'H'])}${String(dice.below(1_000_000_000)).padStart(10, '0')}`,
      plan_start_date: `${year}-01-01`,
      plan_end_date: dice.chance(0.7) ? `${year}-12-31` : null
    }
  })
}

/** A patient of the practice: not part of Spry's case API, but what a crosswalk has to tie to a Patient. */
export interface TwinPatient {
  readonly patient_id: number
  readonly first_name: string
  readonly last_name: string
  readonly birth_date: string
  readonly gender: 'female' | 'male'
}

const documentedPatientId = 1172416

export function patientAt(seed: number, number: number): TwinPatient {
  const dice = diceAt(seed, number, 4)
  const female = dice.chance(0.55)
  return {
    patient_id: documentedPatientId + number,
    first_name: dice.pick(female ? firstNames.slice(0, 12) : firstNames.slice(12)),
    last_name: dice.pick(lastNames),
    birth_date: `${1940 + dice.below(68)}-${twoDigits(1 + dice.below(12))}-${twoDigits(1 + dice.below(28))}`,
    gender: female ? 'female' : 'male'
  }
}

export function patientNumber(patientId: number): number {
  return patientId - documentedPatientId
}

const twoDigits = (value: number) => String(value).padStart(2, '0')

const firstNames = [
  ...['ANA', 'MARIA', 'LINDA', 'SUSAN', 'KAREN', 'EMILY', 'RACHEL', 'GRACE', 'ROSA', 'HANNAH', 'PRIYA', 'MEI'],
  ...['MARK', 'JAMES', 'DAVID', 'CARLOS', 'DANIEL', 'PAUL', 'THOMAS', 'KEVIN', 'OMAR', 'VIKRAM', 'JOSÉ', 'WEI']
]
const lastNames = [
  ...['ALLRED', 'BAKER', 'CHRISTENSEN', 'DIAZ', 'ELLIS', 'FOSTER', 'GARCÍA', 'HANSEN', 'IVERSON', 'JENSEN', 'KIM', 'LARSEN'],
  ...['MARTIN', 'NÚÑEZ', "O'BRIEN", 'PATEL', 'QUINN', 'ROMERO', 'SORENSEN', 'TRAN', 'UDALL', 'VALDEZ', 'WHITING', 'YOUNG']
]
const streets = ['E RIVERSIDE DR', 'S 300 E', 'W MAIN ST', 'N CENTER ST', 'E 9TH S', 'MEDICAL DR', 'S STATE ST']
const places: readonly (readonly [city: string, zip: string, area: string])[] = [
  ['ST GEORGE', '84790', '435'],
  ['SALT LAKE CITY', '84102', '801'],
  ['PROVO', '84604', '801'],
  ['OGDEN', '84403', '801'],
  ['LOGAN', '84321', '435'],
  ['CEDAR CITY', '84720', '435']
]
const payers: readonly (readonly [payer_reg_id: number, name: string, payer_id: string])[] = [
  [2207, 'PEHP - Utah Public Employee Health Plan', 'SX106'],
  [18, 'Aetna', '60054'],
  [22, 'Cigna', '62308'],
  [31, 'UnitedHealthcare', '87726'],
  [47, 'Humana', '61101'],
  [52, 'SelectHealth', 'SX107'],
  [64, 'Regence BlueCross BlueShield of Utah', '00910'],
  [70, 'Medicare Part B Utah', '03502'],
  [88, 'Workers Compensation Fund', 'WC001']
]
