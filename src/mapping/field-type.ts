/** What JavaScript type a field has by its schema; the mapping checks it, since partners drift. */
import { z } from 'zod'

export type FieldType = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'any'

/** The schema behind `optional()` and `nullable()`. */
export function bare(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? bare(schema.unwrap() as z.ZodType) : schema
}

/** The schema at a record path such as `insurance_card.plan_start_date`. */
export function schemaAt(record: z.ZodObject, path: string): z.ZodType {
  let at: z.ZodType = record
  for (const name of path.split('.')) {
    const object = bare(at)
    const field = object instanceof z.ZodObject ? (object.shape[name] as z.ZodType | undefined) : undefined
    if (!field) throw new TypeError(`${path}: the record's schema has no such field`)
    at = field
  }
  return at
}

export function fieldType(record: z.ZodObject, path: string): FieldType {
  const schema = bare(schemaAt(record, path))
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return 'string'
  if (schema instanceof z.ZodNumber) return 'number'
  if (schema instanceof z.ZodBoolean) return 'boolean'
  if (schema instanceof z.ZodArray) return 'array'
  if (schema instanceof z.ZodObject) return 'object'
  return 'any'
}
