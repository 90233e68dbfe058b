/** What a mapping may not say does not compile; each refusal stands beside the same line said rightly. */
import type { Condition } from '@medplum/fhirtypes'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { between, conversion, date, entity, owned, referenceById, sid, utc } from '#mapping'

interface Wound {
  id: string
  patient_id: number
  title: string
  depth: number
  healed_on?: string | null
  place: { side: string; depth_mm?: number }
}

const of = between<Wound, Condition>()('Condition', (scope) => ({ 'identifier:wound': { system: sid(scope, 'wound') } }))
const asText = conversion<number, string>('number as text', { toFhir: String, toPartner: Number })

test('a path of the record must exist', () => {
  of.pair('title', 'code.text')
  of.pair('place.side', 'code.text')
  // @ts-expect-error titel is not a field
  of.pair('titel', 'code.text')
  // @ts-expect-error place has no such field
  of.pair('place.colour', 'code.text')
  of.kept('stays', 'depth', 'place.depth_mm')
  // @ts-expect-error colour is not a field
  of.kept('stays', 'colour')
})

test('a path of the resource must exist', () => {
  of.pair('title', 'note[0].text')
  // @ts-expect-error a Condition has no title
  of.pair('title', 'title')
  // @ts-expect-error a CodeableConcept has no txt
  of.pair('title', 'code.txt')
  // @ts-expect-error code is not a list
  of.pair('title', 'code[0].text')
  of.fixed('clinicalStatus.coding[0]', { system: 'x', code: 'active' })
  // @ts-expect-error a Condition has no status
  of.fixed('status', 'active')
  // @ts-expect-error a coding is no number
  of.fixed('clinicalStatus.coding[0]', 7)
  of.pair('title', 'clinicalStatus.coding[0].code')
  // @ts-expect-error a coding has no such element
  of.pair('title', 'clinicalStatus.coding[0].cod')
  // @ts-expect-error a coding has no such element
  of.fixed('clinicalStatus.coding[0]', { syste: 'x' })
})

test('a slice must be declared, an extension need not be', () => {
  of.pair('id', 'identifier:wound.value')
  of.pair('title', 'extension:anything.valueString')
  // @ts-expect-error identifier:scar is not declared
  of.pair('id', 'identifier:scar.value')
  // @ts-expect-error an extension has no such value
  of.pair('title', 'extension:anything.valueWord')
})

test('different types need a conversion between just these types', () => {
  of.pair('depth', 'code.text', asText)
  of.pair('patient_id', 'subject', referenceById('Patient', 'patient'))
  // @ts-expect-error a number is not a text
  of.pair('depth', 'code.text')
  // @ts-expect-error options are no conversion
  of.pair('depth', 'code.text', { absent: 0 })
  // @ts-expect-error the conversion reads numbers, the field is a text
  of.pair('title', 'code.text', asText)
  // @ts-expect-error the conversion gives a text, the element is a reference
  of.pair('patient_id', 'subject', asText)
  // @ts-expect-error a Condition is about a patient or a group
  of.pair('patient_id', 'subject', referenceById('Practitioner', 'user'))
})

test('what stands for no value must be of the type of the field', () => {
  of.pair('healed_on', 'abatementDateTime', date, { absent: null })
  of.pair('depth', 'extension:depth.valueInteger', { absent: 0 })
  // @ts-expect-error the field is a number
  of.pair('depth', 'extension:depth.valueInteger', { absent: 'none' })
  // @ts-expect-error the title is never null
  of.pair('title', 'code.text', { absent: null })
  // @ts-expect-error the date is a text or null
  of.pair('healed_on', 'abatementDateTime', date, { absent: 0 })
})

test('several fields keep their types', () => {
  of.computed(['title', 'depth'], 'code.text', 'both', (_, title, depth) => {
    expectTypeOf(title).toEqualTypeOf<string>()
    expectTypeOf(depth).toEqualTypeOf<number>()
    return `${title} ${depth}`
  })
  // @ts-expect-error the element is a text
  of.computed(['depth'], 'code.text', 'depth', (_, depth) => depth)
})

const Scratch = z.looseObject({ id: z.string(), made_at: z.string(), note: z.object({ text: z.string(), by: z.string() }) })
type Scratch = z.infer<typeof Scratch>
const scratchOf = between<Scratch, Condition>()('Condition', (scope) => ({
  'identifier:scratch': { system: sid(scope, 'scratch') }
}))
const { mapping, pair, readOnly, kept } = scratchOf
const key = readOnly('id', 'identifier:scratch.value')
const madeAt = readOnly('made_at', 'recordedDate', utc)
const noteText = pair('note.text', 'note[0].text')
const shape = { title: 'Scratch', key: 'identifier:scratch.value' }
const said = {
  name: 'scratch',
  partner: 'x',
  title: 'Scratch',
  source: 'x',
  record: Scratch,
  key: ({ id }: Scratch) => id,
  anchor: 'condition'
} as const

test('every field of the record is mapped or kept, at every depth', () => {
  const all = mapping({ ...shape, rows: [key, madeAt, noteText, kept('internal', 'note.by')] })
  entity({ ...said, parts: { condition: owned(all) } })
  entity({ ...said, parts: { condition: owned(mapping({ ...shape, rows: [key, madeAt, kept('internal', 'note')] })) } })

  const withoutTime = mapping({ ...shape, rows: [key, noteText, kept('internal', 'note.by')] })
  // @ts-expect-error made_at is neither mapped nor kept
  entity({ ...said, parts: { condition: owned(withoutTime) } })

  const withoutAuthor = mapping({ ...shape, rows: [key, madeAt, noteText] })
  // @ts-expect-error note.by is neither mapped nor kept
  entity({ ...said, parts: { condition: owned(withoutAuthor) } })

  // @ts-expect-error the anchor is one of the parts
  entity({ ...said, anchor: 'wound', parts: { condition: owned(all) } })
})
