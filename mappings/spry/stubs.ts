/** What Spry's records refer to only by id: created once when missing, never overwritten, the EHR's to fill in. */
import type { Organization, Patient } from '@medplum/fhirtypes'
import { between, conversion, idText, sid } from '#mapping'
import { usCore } from './us-core.ts'

interface Ids {
  patient_id: number
  context: { patient_id: number }
  organisation_id?: number | null
  clinic_id?: number
}

const patientOf = between<Ids, Patient>()('Patient', (scope) => ({ 'identifier:patient': { system: sid(scope, 'patient') } }))

/** A patient known by Spry's id alone. Claims no profile: neither name nor gender is known. */
const stub = { title: 'Patient (stub)', key: 'identifier:patient.value' }

export const patientStub = patientOf.mapping({ ...stub, rows: [patientOf.pair('patient_id', 'identifier:patient.value', idText)] })

/** The same for what is nested in a case, and so finds its patient in its context. */
export const patientOfContext = patientOf.mapping({
  ...stub,
  rows: [patientOf.pair('context.patient_id', 'identifier:patient.value', idText)],
})

const organisationOf = between<Ids, Organization>()('Organization', (scope) => ({
  'identifier:organisation': { system: sid(scope, 'organisation') },
  'identifier:clinic': { system: sid(scope, 'clinic') },
}))

const named = (kind: string) =>
  conversion<number, string>(`"Spry ${kind} <id>"`, { toFhir: (id) => `Spry ${kind} ${id}`, toPartner: () => undefined })

/** The organisation that owns the account at Spry. */
export const organisationStub = organisationOf.mapping({
  title: 'Organisation (stub)',
  key: 'identifier:organisation.value',
  profiles: [{ url: usCore('organization') }],
  rows: [
    organisationOf.readOnly('organisation_id', 'identifier:organisation.value', idText),
    organisationOf.fixed('active', true),
    organisationOf.readOnly('organisation_id', 'name', named('organisation')),
  ],
})

/** The clinic that a case is treated at. */
export const clinicStub = organisationOf.mapping({
  title: 'Clinic (stub)',
  key: 'identifier:clinic.value',
  profiles: [{ url: usCore('organization') }],
  rows: [
    organisationOf.pair('clinic_id', 'identifier:clinic.value', idText),
    organisationOf.fixed('active', true),
    organisationOf.readOnly('clinic_id', 'name', named('clinic')),
  ],
})
