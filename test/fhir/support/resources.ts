import type { Condition, Patient } from '@medplum/fhirtypes'

export const sid = 'https://fhir.example.org/sid/test'

export function patient(value: string, more: Partial<Patient> = {}): Patient {
  return { resourceType: 'Patient', identifier: [{ system: `${sid}/patient`, value }], ...more }
}

export function condition(value: string, subject: string, more: Partial<Condition> = {}): Condition {
  return {
    resourceType: 'Condition',
    identifier: [{ system: `${sid}/condition`, value }],
    clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
    code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'M72.1' }], text: 'Knuckle pads' },
    subject: { reference: subject },
    ...more
  }
}
