import type { Kysely } from 'kysely'
import type { Database } from './tables.ts'

type Verb = (db: Kysely<Database>, ...rest: never[]) => unknown
type WithoutFirst<F> = F extends (db: Kysely<Database>, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never

/** Functions of a database handle, as functions that have it already. */
export type BoundVerbs<Verbs> = { readonly [Name in keyof Verbs]: WithoutFirst<Verbs[Name]> }

/** Binds the verbs of a store to a database or a transaction. */
export function bindVerbs<Verbs extends Readonly<Record<string, Verb>>>(db: Kysely<Database>, verbs: Verbs): BoundVerbs<Verbs> {
  const bound = Object.entries(verbs).map(([name, verb]) => [name, (...rest: never[]) => verb(db, ...rest)])
  return Object.fromEntries(bound) as BoundVerbs<Verbs>
}
