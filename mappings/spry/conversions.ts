/** How Spry writes values (partner document "Add Case"). */
import type { Coding } from '@medplum/fhirtypes'
import { type Conversion, codes, conversion, isCode, notFhirText, readText, required, Unreadable } from '#mapping'

/** `treatment_status` as the state of the episode. A resolved illness does not discharge a case, so Conditions are not touched by it. */
export const treatmentStatus = required(
  codes('Spry treatment status', [['ACTIVE', 'active'], ['DISCHARGED', 'finished']], { onhold: 'ACTIVE' }),
  'active',
)

/** `treatment_status` as the state of the account. */
export const accountStatus = required(codes('Spry account status', [['ACTIVE', 'active'], ['DISCHARGED', 'inactive']]), 'active')

const specializations = new Map([
  ['MSK', 'Musculoskeletal'],
  ['CHIROPRACTOR', 'Chiropractic'],
  ['LYMPHATIC', 'Lymphatic therapy'],
  ['VESTIBULAR', 'Vestibular therapy'],
  ['PEDIATRIC', 'Pediatric therapy'],
])

/** The display of a documented specialization; others are allowed and have none. */
export const specializationDisplay = conversion<string, string>(
  'display of the documented specializations',
  { toFhir: (value) => specializations.get(value), toPartner: () => undefined },
  { table: [...specializations] },
)

/** The rank of a card among the cards of a case. */
export const cardRank = codesAsNumbers('Spry insurance card type', ['PRIMARY', 'SECONDARY', 'TERTIARY'])

function codesAsNumbers(name: string, list: readonly string[]): Conversion<string, number> {
  return conversion<string, number>(
    name,
    {
      toFhir(value) {
        const index = list.indexOf(value)
        return index < 0 ? new Unreadable(`this value is not in ${name}`, 'unmapped-code') : index + 1
      },
      toPartner: (value) => list[value - 1] ?? new Unreadable(`this value cannot be expressed in ${name}`, 'unmapped-code'),
    },
    { table: list.map((code, index) => [code, String(index + 1)] as const) },
  )
}

/** A title; an empty one is shown as "Untitled case". */
export const caseTitle: Conversion<string, string> = textOr('Untitled case')

/** A name that FHIR requires, with what is shown when the partner has none. */
export function textOr(missing: string): Conversion<string, string> {
  return conversion<string, string>(
    `text, "${missing}" when empty`,
    {
      toFhir(value: string | null | undefined) {
        if (value === undefined || value === null || value === '') return missing
        const text = readText(value)
        if (text instanceof Unreadable) return new Unreadable(text.message, text.code, missing)
        return text ?? missing
      },
      toPartner: (value) => (value === missing ? '' : value),
    },
    { readsAbsent: true, loses: [`the text "${missing}" comes back empty`] },
  )
}

/** A list of texts ⇄ a list of concepts that have only text. */
export const eachText: Conversion<string[], { text?: string }[]> = conversion('one text each', {
  toFhir(value) {
    const texts = value.filter((item) => typeof item === 'string' && !notFhirText.test(item) && item.trim() !== '')
    const concepts = texts.length === 0 ? undefined : texts.map((text) => ({ text }))
    return texts.length === value.length ? concepts : new Unreadable('an item is not a text', 'invalid-content', concepts)
  },
  toPartner: (value) => value.flatMap(({ text }) => (text === undefined ? [] : [text])),
})

const icdPattern = /^[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?$/

/** An ICD-10-CM code in upper case; nothing is coded under another revision. */
export const icdCode: Conversion<string, string> = conversion(
  'ICD-10-CM code in upper case',
  {
    toFhir(value, revision) {
      if (typeof revision === 'string' && isCode(revision) && revision !== 'ICD10') {
        return new Unreadable('is of a revision that is not ICD10, so it is not coded', 'unmapped-code')
      }
      const code = value.toUpperCase()
      return icdPattern.test(code) ? code : new Unreadable('has not the form of an ICD-10-CM code', 'unmapped-code')
    },
    toPartner: (value) => value,
  },
  { loses: ['a code in lower case comes back in upper case'] },
)

/** A national provider identifier with a valid check digit, number or text. */
export const npi: Conversion<string | number, string> = conversion(
  'NPI with check digit',
  {
    toFhir(value) {
      const text = typeof value === 'number' ? String(value) : value
      return typeof text === 'string' && isNpi(text) ? text : new Unreadable('is not a valid NPI')
    },
    toPartner: (value) => value,
  },
  { readsAnything: true, loses: ['a number comes back as text'] },
)

/** Ten digits whose Luhn sum, with the prefix 80840 counted as 24, ends in 0. */
export function isNpi(text: string): boolean {
  if (!/^[0-9]{10}$/.test(text)) return false
  let sum = 24
  for (let index = 0; index < 10; index++) {
    const digit = text.charCodeAt(index) - 48
    const doubled = index % 2 === 0 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** A telephone number, number or text, as text. */
export const phone: Conversion<string | number, string> = conversion(
  'digits as text',
  { toFhir: numberAsText, toPartner: (value) => value },
  { readsAnything: true, loses: ['a number comes back as text'] },
)

function numberAsText(value: string | number): string | undefined | Unreadable {
  if (typeof value === 'string') return readText(value)
  return Number.isSafeInteger(value) && value >= 0 ? String(value) : new Unreadable('is neither text nor a whole number')
}

/** A ZIP code; a number has lost its leading zeros and gets them back. */
export const zip: Conversion<string | number, string> = conversion(
  'ZIP code, a number padded to 5 digits',
  {
    toFhir(value) {
      const text = numberAsText(value)
      return typeof value === 'number' && typeof text === 'string' ? text.padStart(5, '0') : text
    },
    toPartner: (value) => value,
  },
  { readsAnything: true, loses: ['a number comes back as text'] },
)

/** A constant coding. */
export const coding = (system: string, code: string, display?: string): Coding => ({ system, code, ...(display ? { display } : {}) })
