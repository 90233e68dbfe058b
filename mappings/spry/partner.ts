import type { AskPartner, CallSource, KnownToConnection, Listing, Reading, RecordType } from '#partner'
import { definePartner } from '#partner'
import type { AssumptionName } from './assumptions.ts'
import { assumptions } from './assumptions.ts'
import { caseRequest } from './case-request.ts'
import { withIcdIds } from './look-up-icd-codes.ts'
import { SpryCase } from './records.ts'

const seconds = 1000
const pageSize = 100
const cases = '/apis/soap-enrichment/v1/patientCase'
const assumed = (assumption: AssumptionName): CallSource => ({ kind: 'assumed', assumption })

const listCases: Listing = {
  call: 'listCases',
  records: ['data', 'cases'],
  filters: ['since', 'patient_id'],
  query: (ask, position) => ({
    page: position ?? '0',
    size: String(pageSize),
    ...(ask.since === undefined ? {} : { updated_since: ask.since }),
    ...ask.filters
  }),
  next(envelope, position, count) {
    const page = Number(position ?? '0')
    const known = totalOf(envelope)
    const more = known === undefined ? count === pageSize : (page + 1) * pageSize < known
    return more && count > 0 ? String(page + 1) : undefined
  },
  total: totalOf,
  timeLiteral: (millis) => new Date(millis).toISOString().replace('Z', '')
}

const patientCase: RecordType<SpryCase> = {
  schema: SpryCase,
  key: 'spry_case_id',
  // Whether a case can become visible after its updated_at is not known, so sweeps go on beside the polls.
  trust: 'coarse-time',
  list: listCases,
  read: { call: 'getCase', path: (spry_case_id) => ({ spry_case_id }) },
  create: {
    call: 'createCase',
    request: caseRequest,
    complete: withIcdIds,
    known: enabledSpecializations,
    scope: ({ patient_id }) => ({ patient_id: String(patient_id) }),
    resembles: (one, other) => one.patient_id === other.patient_id && one.case_title === other.case_title
  },
  update: { call: 'updateCase', path: (spry_case_id) => ({ spry_case_id }), request: caseRequest, complete: withIcdIds, known: enabledSpecializations }
}

/** Spry's API for patient cases: one documented call, the others supposed (`assumptions.ts`). */
export const partner = definePartner({
  name: 'spry',
  title: 'Spry',
  assumptions,
  calls: {
    createCase: {
      method: 'POST',
      path: cases,
      source: { kind: 'documented', where: 'Spry, "Add Case"' },
      effect: 'blind',
      timeoutMs: 30 * seconds
    },
    getCase: {
      method: 'GET',
      path: `${cases}/{spry_case_id}`,
      source: assumed('read-case'),
      effect: 'read',
      timeoutMs: 15 * seconds
    },
    listCases: { method: 'GET', path: cases, source: assumed('list-cases'), effect: 'read', timeoutMs: 30 * seconds },
    updateCase: {
      method: 'PUT',
      path: `${cases}/{spry_case_id}`,
      source: assumed('update-case'),
      effect: 'idempotent',
      grant: 'allowUpdate',
      timeoutMs: 30 * seconds
    },
    searchIcdCodes: {
      method: 'GET',
      path: '/apis/soap-enrichment/v1/icdCodes',
      source: assumed('search-icd-codes'),
      effect: 'read',
      timeoutMs: 15 * seconds
    },
    listSpecializations: {
      method: 'GET',
      path: '/apis/soap-enrichment/v1/specializations',
      source: assumed('list-specializations'),
      effect: 'read',
      timeoutMs: 15 * seconds
    },
    getInsuranceCards: {
      method: 'GET',
      path: '/apis/soap-enrichment/v1/patient/{patient_id}/insuranceCards',
      source: assumed('insurance-cards'),
      effect: 'read',
      timeoutMs: 15 * seconds
    }
  },
  recordTypes: { case: patientCase },
  readAnswer: ({ status, body }) => readSpryAnswer(status, body),
  webhook: {
    scheme: 'standard-webhooks',
    refs(event) {
      const type = fieldOf(event, 'type')
      if (typeof type !== 'string') return undefined
      if (!type.startsWith('patientCase.')) return []
      const partnerKey = fieldOf(fieldOf(event, 'data'), 'spry_case_id')
      return typeof partnerKey === 'string' && partnerKey !== '' ? [{ recordType: 'case', partnerKey }] : undefined
    }
  }
})

/** A case must be of a specialization that the organization has enabled. Not to be had: Spry itself will judge. */
async function enabledSpecializations(ask: AskPartner): Promise<KnownToConnection> {
  const list = await ask('listSpecializations', {})
  return Array.isArray(list) ? { allowed: { specialization: list.filter((one) => typeof one === 'string') } } : {}
}

/** Spry answers HTTP 200 to errors too; the body's code decides. Case errors are documented as HTTP 400. */
function readSpryAnswer(status: number, body: unknown): Reading {
  const code = fieldOf(body, 'code')
  if (status < 300 && code === 2000) return { kind: 'ok', data: fieldOf(body, 'data') }
  const refused = status < 300 ? typeof code === 'number' : (status === 400 || status === 404) && isObject(body) && code !== 2000
  if (!refused) return { kind: 'unknown' }
  const message = fieldOf(body, 'message')
  const said = typeof message === 'string' ? { partnerMessage: message } : {}
  return { kind: 'rejected', code: String(typeof code === 'number' ? code : status), ...said }
}

function totalOf(envelope: unknown): number | undefined {
  const total = fieldOf(fieldOf(envelope, 'data'), 'total')
  return typeof total === 'number' ? total : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
