import type { Assumption } from '#partner'

/** What Spry's documents leave open and we had to suppose. The twin behaves as supposed here; nothing else of ours may guess. */
export const assumptions = [
  {
    name: 'read-case',
    assumed:
      'GET /apis/soap-enrichment/v1/patientCase/{spry_case_id} answers {code: 2000, data: <case>}, and HTTP 404 with a JSON body when there is none',
    why: '"Add Case" is the only page on cases; without a read nothing that was written can be verified',
    ask: 'Is there a call that reads one case, under which path, and what does it answer for an id that does not exist?'
  },
  {
    name: 'list-cases',
    assumed:
      'GET /apis/soap-enrichment/v1/patientCase with page (from 0), size, updated_since and patient_id answers {code: 2000, data: {cases, total, page, size}}, in order of creation; updated_since is compared with updated_at, inclusive',
    why: 'Edits by clinicians can only be found by reading; the order of creation keeps pages stable while cases are edited',
    ask: 'Is there a call that lists cases, how is it paged and ordered, and can it filter by time of change?'
  },
  {
    name: 'update-case',
    assumed:
      'PUT /apis/soap-enrichment/v1/patientCase/{spry_case_id} takes the body of "Add Case" and replaces what it names; a field that is absent becomes empty, except clinic_id, which answers never show',
    why: 'No update is documented; off unless a connection grants allowUpdate',
    ask: 'Can a case be changed through the API, by which call, and what happens to fields that are left out?'
  },
  {
    name: 'search-icd-codes',
    assumed: 'GET /apis/soap-enrichment/v1/icdCodes?query= answers {code: 2000, data: [{id, code, description, revision}]}',
    why: '"Add Case" names the Search ICD Codes endpoint and no more',
    ask: 'What are path, parameters and answer of Search ICD Codes?'
  },
  {
    name: 'list-specializations',
    assumed: 'GET /apis/soap-enrichment/v1/specializations answers {code: 2000, data: ["MSK", …]}',
    why: '"Add Case" names the List Specializations endpoint and no more',
    ask: 'What are path and answer of List Specializations?'
  },
  {
    name: 'insurance-cards',
    assumed:
      'GET /apis/soap-enrichment/v1/patient/{patient_id}/insuranceCards answers {code: 2000, data: [<card without insurance_card_type>]}',
    why: '"Add Case" names the Get Insurance Cards endpoint and no more',
    ask: 'What are path and answer of Get Insurance Cards?'
  },
  {
    name: 'error-body',
    assumed:
      'HTTP 400 bears {code: 4000, message}; an error under HTTP 200 has the same shape with a code other than 2000; a wrong token gives HTTP 401',
    why: '"Add Case" documents HTTP 400 without a body; other pages of Spry show errors under HTTP 200',
    ask: 'What is the body of an error, and which codes are there?'
  },
  {
    name: 'webhook-events',
    assumed:
      'Webhooks per Standard Webhooks with {type: "patientCase.created" | "patientCase.updated" | "patientCase.deleted", data: {spry_case_id}}',
    why: 'No webhook is documented; polling stays the truth',
    ask: 'Does Spry send webhooks for cases, how are they signed, and what do they contain?'
  },
  {
    name: 'times-in-utc',
    assumed: 'created_at and updated_at, which bear no zone, are in UTC',
    why: 'In the documented answer created_at has the digits of created_date, which ends in Z',
    ask: 'In which zone are created_at and updated_at?'
  },
  {
    name: 'create-answer-empties',
    assumed:
      'The answer to Add Case says icd_codes: [] and treatment_start_date: null for values that were stored; later reads show them',
    why: 'The documented answer leaves out what the documented request sent',
    ask: 'Are ICD codes and start date stored by Add Case, and when can they be read?'
  }
] as const satisfies readonly Assumption[]

export type AssumptionName = (typeof assumptions)[number]['name']
