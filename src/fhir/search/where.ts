import { type RawBuilder, sql } from 'kysely'
import { indexable } from '../indexable.ts'
import type { Condition, DateValue, TokenValue } from './query.ts'

type Sql = RawBuilder<unknown>

/** The condition as SQL on a row of `resource` under that alias. Every value is a bound parameter. */
export function where(condition: Condition, resourceType: string, row = 'r', depth = 0): Sql {
  const column = (name: string) => sql.ref(`${row}.${name}`)
  const found = (table: string, match: Sql) =>
    sql`${column('id')} IN (SELECT k.id FROM ${sql.table(table)} k WHERE k.resource_type = ${resourceType} AND ${match})`
  const hasToken = (tokens: readonly string[]) => sql`${column('search')} && ${tokens}::text[]`

  switch (condition.kind) {
    case 'id':
      return sql`${column('id')} = ANY(${condition.values}::uuid[])`
    case 'last-updated':
      return anyOf(condition.values.map((value) => updatedAt(column('last_updated'), value)))
    case 'text-token':
      return hasToken(condition.tokens)
    case 'token': {
      const matches =
        condition.name === 'identifier' || condition.name === '_tag'
          ? keyed(condition, found, hasToken)
          : plain(condition, hasToken, column('search'))
      return condition.not ? sql`NOT (${matches})` : matches
    }
    case 'date':
      return anyOf(condition.values.map((value) => found('resource_date', sql`k.param = ${condition.name} AND ${dated(value)}`)))
    case 'string': {
      const like = condition.values.map((value) => sql`k.value LIKE ${`${condition.contains ? '%' : ''}${escapeLike(value)}%`}`)
      return found('resource_string', sql`k.param = ${condition.name} AND ${anyOf(like)}`)
    }
    case 'missing': {
      const present = presence(condition, found, column('search'))
      return condition.missing ? sql`NOT (${present})` : present
    }
    case 'chain': {
      const inner = `c${depth}`
      return anyOf(
        condition.targets.map(
          (target) => sql`${column('search')} && ARRAY(
            SELECT ${`${condition.name}=${target.resourceType}/`} || ${sql.ref(`${inner}.id`)} FROM resource ${sql.ref(inner)}
            WHERE ${sql.ref(`${inner}.resource_type`)} = ${target.resourceType} AND NOT ${sql.ref(`${inner}.deleted`)}
              AND ${where(target.condition, target.resourceType, inner, depth + 1)})`
        )
      )
    }
  }
}

type Found = (table: string, match: Sql) => Sql
type HasToken = (tokens: readonly string[]) => Sql
type TokenCondition = Extract<Condition, { kind: 'token' }>

/** `code=system|` is rare enough to look through the tokens of what the other conditions leave. */
function plain({ name, values }: TokenCondition, hasToken: HasToken, search: Sql): Sql {
  const exact = values.filter(({ code }) => code !== undefined)
  const systems = values.filter(({ code }) => code === undefined)
  return anyOf([
    ...(exact.length > 0 ? [hasToken(exact.map((value) => indexable(`${name}=${tokenText(value)}`)))] : []),
    ...systems.map(({ system }) => anyTokenFrom(search, `${name}=${system}|`))
  ])
}

function anyTokenFrom(search: Sql, beginning: string): Sql {
  return sql`EXISTS (SELECT FROM unnest(${search}) AS t (token) WHERE starts_with(t.token, ${beginning}))`
}

/** Identifiers and tags are looked up in their own table, except `system|`, which is a token. */
function keyed({ name, values }: TokenCondition, found: Found, hasToken: HasToken): Sql {
  return anyOf(
    values.map((value) => {
      if (value.code === undefined) return hasToken([indexable(`${name}=${value.system}|`)])
      const system = value.system === undefined ? sql`true` : sql`k.system = ${indexable(value.system)}`
      return found('resource_key', sql`k.param = ${name} AND k.value = ${indexable(value.code)} AND ${system}`)
    })
  )
}

function tokenText({ system, code }: TokenValue): string {
  return system === undefined ? (code ?? '') : `${system}|${code ?? ''}`
}

function presence({ name, param }: Extract<Condition, { kind: 'missing' }>, found: Found, search: Sql): Sql {
  if (name === 'identifier' || name === '_tag') return found('resource_key', sql`k.param = ${name}`)
  if (param.kind === 'date') return found('resource_date', sql`k.param = ${name}`)
  if (param.kind === 'string') return found('resource_string', sql`k.param = ${name}`)
  return anyOf([anyTokenFrom(search, `${name}=`), anyTokenFrom(search, `${name}:`)])
}

/** How a stored range compares to the range that the searched date means. */
function dated({ prefix, start, end }: DateValue): Sql {
  switch (prefix) {
    case 'eq':
      return sql`k.start >= ${start} AND k."end" <= ${end}`
    case 'ne':
      return sql`NOT (k.start >= ${start} AND k."end" <= ${end})`
    case 'gt':
      return sql`k."end" > ${end}`
    case 'lt':
      return sql`k.start < ${start}`
    case 'ge':
      return sql`(k.start >= ${start} OR k."end" > ${end})`
    case 'le':
      return sql`(k.start < ${start} OR k."end" <= ${end})`
    case 'sa':
      return sql`k.start >= ${end}`
    case 'eb':
      return sql`k."end" <= ${start}`
    case 'ap': {
      const tenth = Math.round((end - start) / 10)
      return sql`k.start < ${end + tenth} AND k."end" > ${start - tenth}`
    }
  }
}

function updatedAt(column: Sql, { prefix, start, end }: DateValue): Sql {
  const from = sql`${new Date(start)}::timestamptz`
  const to = sql`${new Date(end)}::timestamptz`
  switch (prefix) {
    case 'eq':
    case 'ap':
      return sql`(${column} >= ${from} AND ${column} < ${to})`
    case 'ne':
      return sql`NOT (${column} >= ${from} AND ${column} < ${to})`
    case 'gt':
    case 'sa':
      return sql`${column} >= ${to}`
    case 'lt':
    case 'eb':
      return sql`${column} < ${from}`
    case 'ge':
      return sql`${column} >= ${from}`
    case 'le':
      return sql`${column} < ${to}`
  }
}

export function allOf(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? sql`true` : sql`(${sql.join(parts, sql` AND `)})`
}

export function anyOf(parts: readonly Sql[]): Sql {
  return parts.length === 0 ? sql`false` : sql`(${sql.join(parts, sql` OR `)})`
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
