import { type RawBuilder, sql } from 'kysely'
import { openEnd, openStart } from '../date-range.ts'
import { badRequest } from '../problem.ts'
import type { SearchQuery, SortRule } from './query.ts'
import { anyOf } from './where.ts'

/**
 * The order of a search, and the place in it where the next page begins. A page starts after the last row of the page before
 * (a keyset), not at a count of rows: what others write meanwhile neither repeats nor hides a row that stays where it was.
 */
export interface Order {
  readonly columns: readonly { readonly value: RawBuilder<unknown>; readonly descending: boolean; readonly type: string }[]
}

export function orderOf(query: SearchQuery): Order {
  const rules: SortRule[] = [...query.sort]
  if (rules.at(-1)?.by !== 'id') rules.push({ by: 'id', name: '_id', descending: false })
  return { columns: rules.map((rule) => ({ descending: rule.descending, ...sortValue(rule, query.resourceType) })) }
}

export function orderBy(order: Order): RawBuilder<unknown> {
  return sql.join(order.columns.map(({ value, descending }) => sql`${value} ${sql.raw(descending ? 'DESC' : 'ASC')}`))
}

/** What the cursor must remember of a row. */
export function cursorColumn(order: Order): RawBuilder<unknown> {
  return sql`jsonb_build_array(${sql.join(order.columns.map(({ value }) => value))})`
}

export function encodeCursor(values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/** The rows after the cursor: `a > 1 OR (a = 1 AND (b < 2 OR …))`. */
export function after(order: Order, cursor: string): RawBuilder<unknown> {
  const values = decodeCursor(cursor, order)
  const steps = order.columns.map((column, n) => {
    const same = order.columns.slice(0, n).map((earlier, k) => sql`${earlier.value} = ${bound(values[k], earlier.type)} AND `)
    const beyond = sql`${column.value} ${sql.raw(column.descending ? '<' : '>')} ${bound(values[n], column.type)}`
    return sql`(${sql.join([...same, beyond], sql``)})`
  })
  return anyOf(steps)
}

function sortValue({ by, name, descending }: SortRule, resourceType: string): { value: RawBuilder<unknown>; type: string } {
  switch (by) {
    case 'id':
      return { value: sql`r.id`, type: 'uuid' }
    case 'last-updated':
      return { value: sql`r.last_updated`, type: 'timestamptz' }
    case 'date': {
      // Without a date, last in either direction.
      const [column, aggregate, last] = descending ? ['k.end', 'max', openStart] : ['k.start', 'min', openEnd]
      const least = sql`SELECT ${sql.raw(String(aggregate))}(${sql.ref(String(column))}) FROM resource_date k`
      const value = sql`coalesce((${least} WHERE k.id = r.id AND k.resource_type = ${resourceType} AND k.param = ${name}), ${last}::bigint)`
      return { value, type: 'bigint' }
    }
    case 'string': {
      const least = sql`SELECT min(k.value COLLATE "C") FROM resource_string k`
      const value = sql`coalesce((${least} WHERE k.id = r.id AND k.resource_type = ${resourceType} AND k.param = ${name}), '') COLLATE "C"`
      return { value, type: 'text' }
    }
  }
}

function bound(value: unknown, type: string): RawBuilder<unknown> {
  return sql`${value}::${sql.raw(type)}`
}

const shapes: Record<string, (value: unknown) => boolean> = {
  uuid: (value) => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value),
  timestamptz: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.+-]+$/.test(value),
  bigint: (value) => Number.isSafeInteger(value),
  text: (value) => typeof value === 'string'
}

function decodeCursor(cursor: string, order: Order): unknown[] {
  let values: unknown
  try {
    values = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    values = undefined
  }
  const fits = Array.isArray(values) && values.length === order.columns.length
  if (!fits || !order.columns.every(({ type }, n) => shapes[type]?.((values as unknown[])[n])))
    throw badRequest('_cursor is none of ours')
  return values as unknown[]
}
