/**
 * A patient case at Spry (partner document "Add Case") is an EpisodeOfCare with a Condition that bears its title, onset and notes,
 * one Condition per diagnosis code, and an Account that ranks its insurance cards.
 */
import type { Account, Condition, EpisodeOfCare } from '@medplum/fhirtypes'
import {
  between, code, codeSystem, date, entity, extensionUrl, inside, instantText, keyOf, many, nested, owned, referenceById, referenceByKey,
  shared, sid, utc,
} from '#mapping'
import { accountStatus, cardRank, caseTitle, coding, eachText, specializationDisplay, treatmentStatus } from './conversions.ts'
import { icdCode } from './icd-code.ts'
import { insuranceCard } from './insurance-card.ts'
import { SpryCase, type SpryIcdCode, type SpryInsuranceCard } from './records.ts'
import { referringPhysician } from './referring-physician.ts'
import { clinicStub, organisationStub, patientStub } from './stubs.ts'
import { usCore } from './us-core.ts'

const physician = nested(referringPhysician)

const card = nested(insuranceCard, {
  wrap: (insurance_card: SpryInsuranceCard, around: SpryCase) => ({ context: { patient_id: around.patient_id }, insurance_card }),
  unwrap: (record) => record.insurance_card,
  without: ['insurance_card_type'],
})

const diagnosis = many(icdCode, {
  wrap: (icd_code: SpryIcdCode, { spry_case_id, patient_id, created_at }: SpryCase) => ({
    context: { spry_case_id, patient_id, created_at },
    icd_code,
  }),
  unwrap: (record) => record.icd_code,
})

const patient = referenceById('Patient', 'patient')

// ── what the patient suffers from, as the clinic calls it ──

const problemOf = between<SpryCase, Condition>()('Condition', (scope) => ({ 'identifier:problem': { system: sid(scope, 'case-problem') } }))

export const caseProblem = problemOf.mapping({
  title: 'Case problem',
  key: 'identifier:problem.value',
  profiles: [{ url: usCore('condition-problems-health-concerns') }],
  // biome-ignore format: the columns are the point of a table
  rows: [
    //                  Spry case                      FHIR Condition                                how
    problemOf.readOnly('spry_case_id',                'identifier:problem.value'),
    problemOf.fixed('clinicalStatus.coding[0]',       coding('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active')),
    problemOf.fixed('category[0].coding[0]',          coding('http://hl7.org/fhir/us/core/CodeSystem/condition-category', 'health-concern', 'Health Concern')),
    problemOf.pair('case_title',                      'code.text',                                  caseTitle),
    problemOf.readOnly('patient_id',                  'subject',                                    patient),
    problemOf.pair('date_of_injury',                  'onsetDateTime',                              date, { absent: null }),
    problemOf.pair('date_of_surgery',                 'extension:spry-date-of-surgery.valueDate',   date, { absent: null }),
    problemOf.pair('affected_body_part_details',      'bodySite',                                   eachText, { absent: [] }),
    problemOf.pair('body_pain_notes',                 'note[0].text',                               { absent: null }),
    problemOf.readOnly('created_at',                  'recordedDate',                               utc),
  ],
})

// ── the span of care ──

const rank = (name: string) => ({ url: extensionUrl('spry-referring-physician'), extension: [{ url: 'rank', valueCode: name }] })

const episodeOf = between<SpryCase, EpisodeOfCare>()('EpisodeOfCare', (scope) => ({
  'identifier:case': { use: 'official', system: sid(scope, 'case') },
  'identifier:document': { use: 'secondary', system: sid(scope, 'case-document') },
  'type[0].coding:specialization': { system: codeSystem('spry-specialization') },
  'extension:primary': rank('primary'),
  'extension:secondary': rank('secondary'),
  'extension:tertiary': rank('tertiary'),
  'diagnosis:complaint': { role: { coding: [coding('http://terminology.hl7.org/CodeSystem/diagnosis-role', 'CC', 'Chief complaint')] } },
  'diagnosis:medical': { role: { coding: [coding(codeSystem('case-diagnosis-role'), 'medical')] } },
  'diagnosis:treating': { role: { coding: [coding(codeSystem('case-diagnosis-role'), 'treating')] } },
}))
const { pair, readOnly, refersTo, refersToEach } = episodeOf

export const caseEpisode = episodeOf.mapping({
  title: 'Case',
  key: 'identifier:case.value',
  // biome-ignore format: the columns are the point of a table
  rows: [
    //    Spry case                               FHIR EpisodeOfCare                                            how
    readOnly('spry_case_id',                     'identifier:case.value'),
    readOnly('id',                               'identifier:document.value'),
    pair('treatment_status',                     'status',                                                     treatmentStatus, { write: 'on-create' }),
    pair('specialization',                       'type[0].coding:specialization.code',                         code),
    readOnly('specialization',                   'type[0].coding:specialization.display',                      specializationDisplay),
    readOnly('spry_case_id',                     'diagnosis:complaint.condition',                              referenceByKey('Condition', 'case-problem')),
    refersToEach('icd_codes',                    'diagnosis:medical',                                          diagnosis, { at: 'condition', ordinal: 'rank', absent: [] }),
    refersToEach('treating_icd_codes',           'diagnosis:treating',                                         diagnosis, { at: 'condition', ordinal: 'rank', absent: [] }),
    pair('patient_id',                           'patient',                                                    patient),
    readOnly('organisation_id',                  'managingOrganization',                                       referenceById('Organization', 'organisation')),
    pair('treatment_start_date',                 'period.start',                                               date, { absent: null }),
    pair('direct_access',                        'extension:spry-direct-access.valueBoolean',                  { absent: false }),
    pair('number_of_past_visits_for_this_case',  'extension:spry-number-of-past-visits.valueInteger',          { absent: 0 }),
    readOnly('authorization_required',           'extension:spry-authorization-required.valueBoolean'),
    readOnly('auth_required_status',             'extension:spry-auth-required-status.valueCode',              code),
    pair('payment_mode',                         'extension:spry-payment-mode.valueCode',                      code, { absent: null }),
    pair('frequency_and_duration',               'extension:spry-frequency-and-duration.valueString',          { absent: null }),
    pair('visit_track_required',                 'extension:spry-visit-track-required.valueBoolean',           { absent: false }),
    pair('case_visit_limit',                     'extension:spry-case-visit-limit.valueInteger',               { absent: 0 }),
    refersTo('referring_physician_details',      'extension:primary.extension:practitioner.valueReference',    physician, { absent: null }),
    refersTo('secondary_referring_physician_details', 'extension:secondary.extension:practitioner.valueReference', physician),
    refersTo('tertiary_referring_physician_details',  'extension:tertiary.extension:practitioner.valueReference',  physician),
    pair('clinic_id',                            'extension:spry-clinic.valueReference',                       referenceById('Organization', 'clinic')),
    readOnly('created_at',                       'extension:source-created.valueDateTime',                     utc),
    readOnly('updated_at',                       'extension:source-updated.valueDateTime',                     utc),
    readOnly('created_date',                     'extension:spry-created-date.valueDateTime',                  instantText),
    readOnly('updated_date',                     'extension:spry-updated-date.valueDateTime',                  instantText),
    episodeOf.computed(['spry_case_id', 'insurance_card_list'], 'account[0]', 'the case account, when there are cards',
      (scope, id, cards) => (Array.isArray(cards) && cards.length > 0 ? { reference: keyOf('Account', sid(scope, 'case-account'), id) } : undefined),
      { type: 'Account', kind: 'case-account' }),
    episodeOf.derived('patient_case_identifier', ({ patient_id, case_title, treatment_status }) => ({ patient_id, case_title, treatment_status })),
  ],
})

// ── who pays, in which order ──

const accountOf = between<SpryCase, Account>()('Account', (scope) => ({ 'identifier:account': { system: sid(scope, 'case-account') } }))

export const caseAccount = accountOf.mapping({
  title: 'Case account',
  key: 'identifier:account.value',
  onlyWith: 'insurance_card_list',
  // biome-ignore format: the columns are the point of a table
  rows: [
    //                  Spry case               FHIR Account                how
    accountOf.readOnly('spry_case_id',         'identifier:account.value'),
    accountOf.readOnly('treatment_status',     'status',                   accountStatus),
    accountOf.fixed('type.text',               'Case account'),
    accountOf.readOnly('patient_id',           'subject[0]',               patient),
    accountOf.refersToEach('insurance_card_list', 'coverage',              card, {
      at: 'coverage', absent: [], also: { from: 'insurance_card_type', to: 'priority', conversion: cardRank },
    }),
    accountOf.readOnly('organisation_id',      'owner',                    referenceById('Organization', 'organisation')),
  ],
})

export const spryCase = entity({
  name: 'case',
  partner: 'spry',
  title: 'Case',
  source: 'Spry, "Add Case"',
  record: SpryCase,
  key: (record) => record.spry_case_id || undefined,
  required: ['spry_case_id', 'patient_id'],
  requiredParts: ['patient'],
  anchor: 'episode',
  changedAt: (record) => record.updated_at ?? undefined,
  parts: {
    patient: shared(patientStub),
    organisation: shared(organisationStub),
    clinic: shared(clinicStub),
    physicians: inside(physician, 'referring_physician_details', 'secondary_referring_physician_details', 'tertiary_referring_physician_details'),
    cards: inside(card, 'insurance_card_list'),
    problem: owned(caseProblem),
    diagnoses: inside(diagnosis, 'icd_codes', 'treating_icd_codes'),
    episode: owned(caseEpisode),
    account: owned(caseAccount),
  },
})
