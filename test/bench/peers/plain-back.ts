/** The documented case by hand, from its resources. Knows no base: what FHIR does not hold is the documented record's own null or empty list. */
import type {
  Account,
  Condition,
  Coverage,
  EpisodeOfCare,
  Organization,
  Patient,
  Practitioner,
  Resource
} from '@medplum/fhirtypes'
import type { SpryCase } from '../../../mappings/spry/records.ts'

const base = 'https://fhir.example.org'
const ranks = ['PRIMARY', 'SECONDARY', 'TERTIARY']

export function plainToPartner(resources: readonly Resource[]): SpryCase {
  const find = <T extends Resource>(type: T['resourceType'], system?: string) =>
    resources.find(
      (one) =>
        one.resourceType === type &&
        (system === undefined || identifierValue((one as Organization).identifier, system) !== undefined)
    ) as T
  const episode = find<EpisodeOfCare>('EpisodeOfCare')
  const problem = find<Condition>('Condition')
  const physician = find<Practitioner>('Practitioner')
  const coverage = find<Coverage>('Coverage')
  const account = find<Account>('Account')
  const payer = find<Organization>('Organization', 'spry/payer-reg')
  const organisation = find<Organization>('Organization', 'spry/organisation')
  const patient_id = Number(identifierValue(find<Patient>('Patient').identifier, 'spry/patient'))
  const extension = (name: string) => episode.extension?.find(({ url }) => url === `${base}/StructureDefinition/${name}`)
  const telecom = (system: string) => physician.telecom?.find((one) => one.system === system)?.value
  const treatment_status = episode.status === 'finished' ? 'DISCHARGED' : 'ACTIVE'
  const case_title = problem.code?.text ?? ''
  return {
    created_date: extension('spry-created-date')?.valueDateTime,
    updated_date: extension('spry-updated-date')?.valueDateTime,
    id: identifierValue(episode.identifier, 'spry/case-document'),
    spry_case_id: identifierValue(episode.identifier, 'spry/case') as string,
    case_title,
    patient_id,
    specialization: episode.type?.[0]?.coding?.[0]?.code as string,
    affected_body_part_details: [],
    patient_case_identifier: { patient_id, case_title, treatment_status },
    referring_physician_details: {
      first_name: physician.name?.[0]?.given?.[0],
      last_name: physician.name?.[0]?.family,
      npi: physician.identifier?.find(({ system }) => system === 'http://hl7.org/fhir/sid/us-npi')?.value,
      ref_physician_id: Number(identifierValue(physician.identifier, 'spry/referring-physician')),
      fax_number: telecom('fax'),
      phone_number: telecom('phone'),
      address1: physician.address?.[0]?.line?.[0],
      address2: physician.address?.[0]?.line?.[1] ?? '',
      city: physician.address?.[0]?.city,
      state: physician.address?.[0]?.state,
      zip: physician.address?.[0]?.postalCode
    },
    icd_codes: [],
    treating_icd_codes: [],
    insurance_card_list: [
      {
        insurance_card_id: Number(identifierValue(coverage.identifier, 'spry/insurance-card')),
        insurance_payer: {
          payer_reg_id: Number(identifierValue(payer.identifier, 'spry/payer-reg')),
          name: payer.name,
          payer_id: identifierValue(payer.identifier, 'payer-id')
        },
        insurance_number: coverage.subscriberId,
        plan_start_date: coverage.period?.start,
        plan_end_date: coverage.period?.end,
        insurance_card_type: ranks[(account.coverage?.[0]?.priority ?? 1) - 1]
      }
    ],
    number_of_past_visits_for_this_case: extension('spry-number-of-past-visits')?.valueInteger,
    treatment_status,
    treatment_start_date: episode.period?.start ?? null,
    date_of_injury: problem.onsetDateTime ?? null,
    date_of_surgery: null,
    direct_access: extension('spry-direct-access')?.valueBoolean,
    authorization_required: extension('spry-authorization-required')?.valueBoolean,
    auth_required_status: extension('spry-auth-required-status')?.valueCode,
    payment_mode: null,
    frequency_and_duration: null,
    visit_track_required: extension('spry-visit-track-required')?.valueBoolean,
    case_visit_limit: extension('spry-case-visit-limit')?.valueInteger,
    body_pain_notes: problem.note?.[0]?.text ?? null,
    created_at: extension('source-created')?.valueDateTime?.slice(0, -1),
    updated_at: extension('source-updated')?.valueDateTime?.slice(0, -1),
    organisation_id: Number(identifierValue(organisation.identifier, 'spry/organisation'))
  }
}

const identifierValue = (identifiers: Organization['identifier'], kind: string): string | undefined =>
  identifiers?.find(({ system }) => system === `${base}/sid/${kind}`)?.value
