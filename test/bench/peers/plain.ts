/** The documented case by hand, in two plain functions: what any engine is compared with. Checks nothing, reports nothing. */
import type { SpryCase } from '../../../mappings/spry/records.ts'

type Node = Record<string, unknown>

const base = 'https://fhir.example.org'
const sid = `${base}/sid/spry`
const meta = (profile?: string) => ({
  source: `${base}/partner/spry`,
  ...(profile ? { profile: [`http://hl7.org/fhir/us/core/StructureDefinition/us-core-${profile}`] } : {})
})
const reference = (type: string, kind: string, id: unknown) => ({ reference: `${type}?identifier=${sid}/${kind}|${id}` })
const extension = (name: string, value: Node) => ({ url: `${base}/StructureDefinition/${name}`, ...value })
const coding = (system: string, code: string, display?: string) => ({ system, code, ...(display ? { display } : {}) })
const terminology = 'http://terminology.hl7.org/CodeSystem'

export function plainToFhir(record: SpryCase): Node[] {
  const physician = record.referring_physician_details as NonNullable<SpryCase['referring_physician_details']>
  const card = (record.insurance_card_list ?? [])[0] as NonNullable<SpryCase['insurance_card_list']>[number]
  const payer = card.insurance_payer as NonNullable<typeof card.insurance_payer>
  const patient = reference('Patient', 'patient', record.patient_id)
  const organisation = reference('Organization', 'organisation', record.organisation_id)
  const active = record.treatment_status === 'ACTIVE'
  return [
    { resourceType: 'Patient', meta: meta(), identifier: [{ system: `${sid}/patient`, value: String(record.patient_id) }] },
    {
      resourceType: 'Organization',
      meta: meta('organization'),
      active: true,
      identifier: [{ system: `${sid}/organisation`, value: String(record.organisation_id) }],
      name: `Spry organisation ${record.organisation_id}`
    },
    {
      resourceType: 'Practitioner',
      meta: meta('practitioner'),
      identifier: [
        { system: `${sid}/referring-physician`, value: String(physician.ref_physician_id) },
        {
          system: 'http://hl7.org/fhir/sid/us-npi',
          type: { coding: [coding(`${terminology}/v2-0203`, 'NPI')] },
          value: physician.npi
        }
      ],
      name: [{ family: physician.last_name, given: [physician.first_name] }],
      telecom: [
        { system: 'phone', use: 'work', value: physician.phone_number },
        { system: 'fax', use: 'work', value: physician.fax_number }
      ],
      address: [
        {
          use: 'work',
          line: physician.address2 ? [physician.address1, physician.address2] : [physician.address1],
          city: physician.city,
          state: physician.state,
          postalCode: physician.zip
        }
      ]
    },
    {
      resourceType: 'Organization',
      meta: meta('organization'),
      active: true,
      type: [{ coding: [coding(`${terminology}/organization-type`, 'pay', 'Payer')] }],
      identifier: [
        { system: `${sid}/payer-reg`, value: String(payer.payer_reg_id) },
        { system: `${base}/sid/payer-id`, type: { text: 'Electronic payer id' }, value: payer.payer_id }
      ],
      name: payer.name
    },
    {
      resourceType: 'Coverage',
      meta: meta('coverage'),
      status: 'active',
      relationship: {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
        text: 'Not stated by the partner'
      },
      identifier: [
        { system: `${sid}/insurance-card`, value: String(card.insurance_card_id) },
        { type: { coding: [coding(`${terminology}/v2-0203`, 'MB', 'Member Number')] }, value: card.insurance_number }
      ],
      subscriberId: card.insurance_number,
      beneficiary: patient,
      period: { start: card.plan_start_date, end: card.plan_end_date },
      payor: [reference('Organization', 'payer-reg', payer.payer_reg_id)]
    },
    {
      resourceType: 'Condition',
      meta: meta('condition-problems-health-concerns'),
      clinicalStatus: { coding: [coding(`${terminology}/condition-clinical`, 'active')] },
      category: [
        { coding: [coding('http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern', 'Health Concern')] }
      ],
      identifier: [{ system: `${sid}/case-problem`, value: record.spry_case_id }],
      code: { text: record.case_title },
      subject: patient,
      recordedDate: `${record.created_at}Z`
    },
    {
      resourceType: 'EpisodeOfCare',
      meta: meta(),
      identifier: [
        { use: 'official', system: `${sid}/case`, value: record.spry_case_id },
        { use: 'secondary', system: `${sid}/case-document`, value: record.id }
      ],
      status: active ? 'active' : 'finished',
      type: [{ coding: [coding(`${base}/CodeSystem/spry-specialization`, record.specialization, 'Musculoskeletal')] }],
      diagnosis: [
        {
          role: { coding: [coding(`${terminology}/diagnosis-role`, 'CC', 'Chief complaint')] },
          condition: reference('Condition', 'case-problem', record.spry_case_id)
        }
      ],
      patient,
      managingOrganization: organisation,
      extension: [
        extension('spry-direct-access', { valueBoolean: record.direct_access }),
        extension('spry-number-of-past-visits', { valueInteger: record.number_of_past_visits_for_this_case }),
        extension('spry-authorization-required', { valueBoolean: record.authorization_required }),
        extension('spry-auth-required-status', { valueCode: record.auth_required_status }),
        extension('spry-visit-track-required', { valueBoolean: record.visit_track_required }),
        extension('spry-case-visit-limit', { valueInteger: record.case_visit_limit }),
        extension('spry-referring-physician', {
          extension: [
            { url: 'rank', valueCode: 'primary' },
            { url: 'practitioner', valueReference: reference('Practitioner', 'referring-physician', physician.ref_physician_id) }
          ]
        }),
        extension('source-created', { valueDateTime: `${record.created_at}Z` }),
        extension('source-updated', { valueDateTime: `${record.updated_at}Z` }),
        extension('spry-created-date', { valueDateTime: record.created_date }),
        extension('spry-updated-date', { valueDateTime: record.updated_date })
      ],
      account: [reference('Account', 'case-account', record.spry_case_id)]
    },
    {
      resourceType: 'Account',
      meta: meta(),
      type: { text: 'Case account' },
      identifier: [{ system: `${sid}/case-account`, value: record.spry_case_id }],
      status: active ? 'active' : 'inactive',
      subject: [patient],
      coverage: [{ coverage: reference('Coverage', 'insurance-card', card.insurance_card_id), priority: 1 }],
      owner: organisation
    }
  ]
}
