/** Fields that a record holds and its schema does not know: they stay in the base, and are counted and shown. */
import { z } from 'zod'
import { bare } from './field-type.ts'

/** The paths of such fields, each once: `new_field`, `icd_codes[].laterality`. A name that does not look like one is not repeated. */
export function unforeseenFields(schema: z.ZodType, record: unknown): string[] {
  const found = new Set<string>()
  walk(schema, record, '', found)
  return [...found].sort()
}

function walk(schema: z.ZodType, value: unknown, path: string, found: Set<string>): void {
  const known = bare(schema)
  if (known instanceof z.ZodArray) {
    if (Array.isArray(value)) for (const item of value) walk(known.element as z.ZodType, item, `${path}[]`, found)
    return
  }
  if (!(known instanceof z.ZodObject) || value === null || typeof value !== 'object' || Array.isArray(value)) return
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(known.shape, name) ? (known.shape[name] as z.ZodType) : undefined
    const at = `${path}${path && '.'}${/^[A-Za-z_][\w-]{0,63}$/.test(name) ? name : '(unnamed)'}`
    if (field) walk(field, inner, at, found)
    else found.add(at)
  }
}
