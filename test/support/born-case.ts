/** A case as an EHR would post it: an episode with its complaint and a coded diagnosis, in one transaction. */
import type { Bundle } from '@medplum/fhirtypes'

export function bornCase(patient: string, title: string, code = 'M54.50'): Bundle {
  const subject = { reference: patient }
  const category = (system: string, value: string) => [{ coding: [{ system, code: value }] }]
  const clinicalStatus = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] }
  const complaint = 'urn:uuid:00000000-0000-4000-8000-000000000002'
  const diagnosis = 'urn:uuid:00000000-0000-4000-8000-000000000003'
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: complaint,
        resource: {
          resourceType: 'Condition',
          clinicalStatus,
          code: { text: title },
          subject,
          category: category('http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern')
        },
        request: { method: 'POST', url: 'Condition' }
      },
      {
        fullUrl: diagnosis,
        resource: {
          resourceType: 'Condition',
          clinicalStatus,
          subject,
          category: category('http://terminology.hl7.org/CodeSystem/condition-category', 'problem-list-item'),
          code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }], text: 'Low back pain' }
        },
        request: { method: 'POST', url: 'Condition' }
      },
      {
        resource: {
          resourceType: 'EpisodeOfCare',
          meta: { tag: [{ system: 'https://fhir.example.org/CodeSystem/sync-target', code: 'spry' }] },
          status: 'active',
          type: [{ coding: [{ system: 'https://fhir.example.org/CodeSystem/spry-specialization', code: 'MSK' }] }],
          diagnosis: [
            {
              condition: { reference: complaint },
              role: {
                coding: [{ system: 'http://terminology.hl7.org/CodeSystem/diagnosis-role', code: 'CC' }]
              }
            },
            {
              condition: { reference: diagnosis },
              role: { coding: [{ system: 'https://fhir.example.org/CodeSystem/case-diagnosis-role', code: 'medical' }] },
              rank: 1
            }
          ],
          patient: subject,
          period: { start: '2026-04-02' }
        },
        request: { method: 'POST', url: 'EpisodeOfCare' }
      }
    ]
  }
}
