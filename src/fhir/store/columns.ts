import { type RawBuilder, sql } from 'kysely'

/** Cannot stand in a FHIR string, a key or a token. */
const rowSeparator = '\u001e'

/** A column of types, ids or numbers as one parameter: an array literal, since none of them needs quoting. */
export function plainColumn(values: readonly (string | number)[], type: 'text' | 'uuid' | 'int' | 'bigint'): RawBuilder<unknown> {
  return sql`${`{${values.join(',')}}`}::${sql.raw(type)}[]`
}

/** A column of free text as one parameter: joined here and split by Postgres, which is several times faster than quoting each. */
export function textColumn(values: readonly string[]): RawBuilder<unknown> {
  // string_to_array makes nothing of an empty text, where we mean one empty string
  return values.length === 1 && values[0] === ''
    ? sql`ARRAY['']`
    : sql`string_to_array(${values.join(rowSeparator)}, ${rowSeparator})`
}
