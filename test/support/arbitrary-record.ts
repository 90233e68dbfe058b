/** Test records from a zod schema: mostly the schema's own examples, sometimes anything its types allow, with the drift partners show. */
import fc from 'fast-check'
import { z } from 'zod'

/** Texts that break naive mappings. */
const awkward = fc.constantFrom(
  '',
  ' ',
  'a & b < c > "d"',
  'línea\nnueva',
  'x'.repeat(300),
  '\u0007bell',
  '0',
  'null',
  '__proto__',
  '😀',
  '2026-13-45'
)
const anyText = fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 12 }) }, { weight: 1, arbitrary: awkward })

/** What a partner might add tomorrow. */
const unforeseen = fc.dictionary(
  fc.constantFrom('new_field', 'another_one', 'x'),
  fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
  { maxKeys: 2 }
)

export function arbitraryRecord(schema: z.ZodType): fc.Arbitrary<unknown> {
  const examples = (schema.meta()?.examples ?? []) as unknown[]
  const general = arbitraryOf(schema)
  return examples.length === 0
    ? general
    : fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...examples) }, { weight: 1, arbitrary: general })
}

function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional)
    return fc.option(arbitraryRecord(schema.unwrap() as z.ZodType), { nil: undefined, freq: 4 })
  if (schema instanceof z.ZodNullable) return fc.option(arbitraryRecord(schema.unwrap() as z.ZodType), { nil: null, freq: 4 })
  if (schema instanceof z.ZodArray) return fc.array(arbitraryRecord(schema.element as z.ZodType), { maxLength: 4 })
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => arbitraryRecord(option as z.ZodType)))
  if (schema instanceof z.ZodObject) return arbitraryObject(schema)
  if (schema instanceof z.ZodString) return schema.minLength ? anyText.map((text) => (text.trim() === '' ? 'x' : text)) : anyText
  if (schema instanceof z.ZodNumber) return fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom(0, -1, 2_147_483_647))
  if (schema instanceof z.ZodBoolean) return fc.boolean()
  throw new TypeError(`no generator for ${schema.constructor.name}`)
}

function arbitraryObject(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(schema.shape).map(([name, field]) => [name, arbitraryRecord(field as z.ZodType)])
  )
  return fc.tuple(fc.record(fields), unforeseen).map(([known, extra]) => {
    const record: Record<string, unknown> = { ...extra }
    for (const [name, value] of Object.entries(known)) if (value !== undefined) record[name] = value
    return record
  })
}
