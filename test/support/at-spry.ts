/** What tests do to a practice, at both sides of a Spry case. */
import type { Bundle, Condition, EpisodeOfCare, Resource } from '@medplum/fhirtypes'
import type { SpryCase } from '../../mappings/spry/records.ts'
import { fullAccess } from '../../src/fhir/access.ts'
import { runTransaction } from '../../src/fhir/transaction.ts'
import { type Practice, theOne } from './practice.ts'

export const sid = (kind: string) => `https://fhir.example.org/sid/spry/${kind}`

export function sidesOf(practice: () => Practice) {
  const { documented } = cases
  const update = (resource: Resource) => practice().hub.updateResource(resource)
  return {
    keyAt: (place: number) => practice().twin.store.list({ page: 0, size: 1000 }).cases[place]?.spry_case_id as string,
    atSpry: (key = documented) => practice().twin.store.get(key) as SpryCase,
    editAtSpry(key: string, fields: Partial<SpryCase>) {
      const { store } = practice().twin
      store.edit(store.get(key) as SpryCase, fields)
    },
    episode: (key = documented) => theOne<EpisodeOfCare>(practice().hub, `EpisodeOfCare?identifier=${sid('case')}|${key}`),
    problem: (key = documented) => theOne<Condition>(practice().hub, `Condition?identifier=${sid('case-problem')}|${key}`),
    diagnosis: (key: string, icdId: number) =>
      theOne<Condition>(practice().hub, `Condition?identifier=${sid('case-diagnosis')}|${key}/${icdId}`),
    change: <T extends Resource>(resource: T, edited: Partial<T>) => update({ ...resource, ...edited }),
    post: (bundle: Bundle) =>
      runTransaction(practice().hub, bundle, { access: fullAccess, handling: 'strict', withResources: true })
  }
}

export const cases = { documented: 'SPRY_CASE_69cd0c97e7562d613ea89bc7' }

/** An episode with one more diagnosis, as an EHR would put it: the new Condition and the changed episode in one transaction. */
export function withDiagnosis(episode: EpisodeOfCare, code: string, text: string): Bundle {
  const fullUrl = 'urn:uuid:00000000-0000-4000-8000-0000000000d1'
  const role = { coding: [{ system: 'https://fhir.example.org/CodeSystem/case-diagnosis-role', code: 'medical' }] }
  const ranks = (episode.diagnosis ?? []).map(({ rank = 0 }) => rank)
  const condition: Condition = {
    resourceType: 'Condition',
    clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'problem-list-item' }] }],
    code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }], text },
    subject: episode.patient
  }
  const diagnosis = [...(episode.diagnosis ?? []), { condition: { reference: fullUrl }, role, rank: Math.max(0, ...ranks) + 1 }]
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl, resource: condition, request: { method: 'POST', url: 'Condition' } },
      { resource: { ...episode, diagnosis }, request: { method: 'PUT', url: `EpisodeOfCare/${episode.id}` } }
    ]
  }
}
