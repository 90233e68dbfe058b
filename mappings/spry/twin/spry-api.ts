import { readJson } from '#partner'
import { partner } from '../partner.ts'
import { createAnswer } from './case-from-request.ts'
import type { CaseStore } from './case-store.ts'
import { checkRequest } from './check-request.ts'
import type { Counters } from './counters.ts'
import { cardsOf, patientNumber } from './directory.ts'
import { icdCodes } from './icd-codes.ts'
import type { CaseEvent, Reply } from './reply.ts'
import { badRequest, noSuchCase, success } from './reply.ts'
import { microsOf } from './spry-time.ts'

type CallName = keyof typeof partner.calls

/** One request to Spry's API, its path already matched to a call. */
export interface ApiRequest {
  readonly call: CallName
  readonly parameter: string
  readonly query: URLSearchParams
  readonly body: Uint8Array
}

export interface ApiContext {
  readonly store: CaseStore
  readonly counters: Counters
  readonly enabledSpecializations: readonly string[]
  readonly happened: (event: CaseEvent) => void
}

const routes = Object.entries(partner.calls).map(([call, { method, path }]) => ({
  call: call as CallName,
  method,
  pattern: new RegExp(`^${path.replace(/\{\w+\}/, '([^/]+)')}$`)
}))

/** Which call a method and path are, and what stands in the path's one variable. */
export function matchCall(method: string, path: string): { call: CallName; parameter: string } | undefined {
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(path) : null
    if (match !== null) return { call: route.call, parameter: decodeURIComponent(match[1] ?? '') }
  }
  return undefined
}

/** Spry's answer, effects included. */
export function answerCall(request: ApiRequest, context: ApiContext): Reply {
  const { store } = context
  switch (request.call) {
    case 'createCase':
      return createCase(request, context)
    case 'updateCase':
      return updateCase(request, context)
    case 'listCases':
      return listCases(request, store)
    case 'getCase': {
      const found = store.get(request.parameter)
      return found === undefined ? noSuchCase : success(found)
    }
    case 'searchIcdCodes': {
      const wanted = (request.query.get('query') ?? '').toUpperCase()
      const matches = icdCodes.filter(({ code, description }) => `${code} ${description?.toUpperCase()}`.includes(wanted))
      return success(matches.slice(0, 50))
    }
    case 'listSpecializations':
      return success(context.enabledSpecializations)
    case 'getInsuranceCards': {
      const number = patientNumber(Number(request.parameter))
      return success(Number.isInteger(number) && number >= 0 ? cardsOf(store.population.seed, number) : [])
    }
  }
}

function createCase({ body }: ApiRequest, { store, counters, enabledSpecializations, happened }: ApiContext): Reply {
  const checked = checkRequest(parsed(body), enabledSpecializations)
  if (checked.kind === 'refused') return badRequest(checked.message)
  const stored = store.create(checked.request)
  counters.createdFrom(body)
  counters.unknownFields += checked.unknownFields
  happened({ type: 'patientCase.created', spry_case_id: stored.spry_case_id })
  return success(createAnswer(stored))
}

function updateCase({ parameter, body }: ApiRequest, { store, counters, enabledSpecializations, happened }: ApiContext): Reply {
  const current = store.get(parameter)
  if (current === undefined) return noSuchCase
  const checked = checkRequest(parsed(body), enabledSpecializations)
  if (checked.kind === 'refused') return badRequest(checked.message)
  const stored = store.replace(current, checked.request)
  counters.updated++
  counters.unknownFields += checked.unknownFields
  happened({ type: 'patientCase.updated', spry_case_id: stored.spry_case_id })
  return success(stored)
}

function listCases({ query }: ApiRequest, store: CaseStore): Reply {
  const page = Number(query.get('page') ?? '0')
  const size = Number(query.get('size') ?? '20')
  const since = query.get('updated_since')
  const patient = query.get('patient_id')
  const updatedSince = since === null ? undefined : microsOf(since)
  if (!Number.isInteger(page) || page < 0) return badRequest('Invalid page')
  if (!Number.isInteger(size) || size < 1 || size > 1000) return badRequest('Invalid size')
  if (Number.isNaN(updatedSince)) return badRequest('Invalid updated_since')
  const { cases, total } = store.list({ page, size, updatedSince, patientId: patient === null ? undefined : Number(patient) })
  return success({ cases, total, page, size })
}

function parsed(body: Uint8Array): unknown {
  try {
    return readJson(body)
  } catch {
    return undefined
  }
}
