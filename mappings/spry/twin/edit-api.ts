import { z } from 'zod'
import { readJson } from '#partner'
import { SpryCase } from '../records.ts'
import type { CaseStore } from './case-store.ts'
import type { Counters } from './counters.ts'
import { type Fault, type Faults, faultKinds } from './faults.ts'
import type { CaseEvent, Reply } from './reply.ts'
import { badRequest, noSuchCase, noSuchPath } from './reply.ts'

/** A request to the twin itself, below `/twin/`. */
export interface EditRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Uint8Array
}

export interface EditContext {
  readonly store: CaseStore
  readonly counters: Counters
  readonly faults: Faults
  readonly happened: (event: CaseEvent) => void
}

/**
 * The hand of the clinician, and of the tests:
 * `GET /twin/state`, `GET /twin/counters`, `GET /twin/patients`, `GET|POST /twin/cases`, `GET|PATCH|DELETE /twin/cases/<id>`,
 * `POST|DELETE /twin/faults`. Fields are those of the case as read.
 */
export function answerEdit({ method, path, query, body }: EditRequest, context: EditContext): Reply {
  const { store, counters, faults } = context
  const [what, id] = path.split('/').slice(2).map(decodeURIComponent)
  switch (`${method} ${what}${id === undefined ? '' : '/'}`) {
    case 'GET state':
      return done(stateOf(context))
    case 'GET counters':
      return done(counters.state())
    case 'GET patients': {
      const [from, count] = [Number(query.get('from') ?? '0'), Number(query.get('count') ?? '100')]
      return done([...store.population.patients(from, count)])
    }
    case 'GET cases':
      return done(store.list({ page: Number(query.get('page') ?? '0'), size: Number(query.get('size') ?? '20') }))
    case 'GET cases/':
      return onCase(store, id, done)
    case 'PATCH cases/':
      return onCase(store, id, (current) =>
        withFields(body, (fields) => done(changed(context, 'updated', store.edit(current, fields))))
      )
    case 'DELETE cases/':
      return onCase(store, id, (current) => {
        store.remove(current.spry_case_id)
        return done(changed(context, 'deleted', current))
      })
    case 'POST cases':
      return withFields(body, (fields) => newCase(context, fields))
    case 'POST faults': {
      const given = z.array(fault).safeParse(parsed(body))
      if (!given.success) return badRequest(given.error.issues.map(({ message }) => message).join('; '))
      faults.add(...(given.data as readonly Fault[]))
      return done({ waiting: faults.waiting })
    }
    case 'DELETE faults':
      faults.clear()
      return done({ waiting: [] })
    default:
      return noSuchPath
  }
}

/** A case as a clinician opens it in Spry: everything that is given is stored as it is. */
function newCase(context: EditContext, fields: Partial<SpryCase>): Reply {
  const { patient_id, case_title, specialization = 'MSK' } = fields
  if (patient_id === undefined || case_title === undefined) return badRequest('A new case needs patient_id and case_title')
  const created = context.store.create({ patient_id, case_title, specialization })
  return done(changed(context, 'created', context.store.edit(created, fields)))
}

function changed({ happened }: EditContext, what: 'created' | 'updated' | 'deleted', record: SpryCase): SpryCase {
  happened({ type: `patientCase.${what}`, spry_case_id: record.spry_case_id })
  return record
}

function stateOf({ store, counters, faults }: EditContext) {
  const { seed, size } = store.population
  return {
    partner: 'spry',
    population: { seed, size },
    cases: store.listed().length,
    changed: store.changed.size,
    counters: counters.state(),
    faults: faults.waiting
  }
}

function onCase(store: CaseStore, id: string | undefined, answer: (current: SpryCase) => Reply): Reply {
  const current = store.get(id ?? '')
  return current === undefined ? noSuchCase : answer(current)
}

function withFields(body: Uint8Array, answer: (fields: Partial<SpryCase>) => Reply): Reply {
  const fields = SpryCase.partial().safeParse(parsed(body))
  if (!fields.success)
    return badRequest(fields.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  return answer(definedOnly(fields.data))
}

function parsed(body: Uint8Array): unknown {
  try {
    return readJson(body)
  } catch {
    return undefined
  }
}

function definedOnly(fields: object): Partial<SpryCase> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

const fault = z.object({
  kind: z.enum(faultKinds),
  times: z.int().positive().optional(),
  call: z.string().optional(),
  ms: z.number().optional(),
  code: z.int().optional()
})

const done = (body: unknown): Reply => ({ status: 200, body })
