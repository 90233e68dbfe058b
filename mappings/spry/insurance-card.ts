/** An insurance card is a Coverage; its payer an Organization with a link of its own (partner document "Add Case", Insurance Card Object). */
import type { Coverage, Organization } from '@medplum/fhirtypes'
import { z } from 'zod'
import { BASE, between, conversion, date, entity, idText, inside, nested, notFhirText, owned, referenceById, shared, sid, Unreadable } from '#mapping'
import { coding, textOr } from './conversions.ts'
import { SpryInsuranceCard, SpryPayer } from './records.ts'
import { patientOfContext } from './stubs.ts'
import { usCore } from './us-core.ts'

const payerOf = between<SpryPayer, Organization>()('Organization', (scope) => ({
  'identifier:payer': { system: sid(scope, 'payer-reg') },
  'identifier:electronic': { system: `${BASE}/sid/payer-id`, type: { text: 'Electronic payer id' } },
}))

/** `payer_reg_id`, or `payer-id:<payer_id>` where there is none. */
function payerIdOf(id: unknown, payerId: unknown): string | undefined {
  if (typeof id === 'number' && id !== 0) return String(id)
  return typeof payerId === 'string' && payerId.trim() !== '' && !notFhirText.test(payerId) ? `payer-id:${payerId}` : undefined
}

const payerKey = conversion<number, string>(
  'payer_reg_id, else payer-id:<payer_id>',
  {
    toFhir: (id: number | null | undefined, payerId: unknown) => payerIdOf(id, payerId),
    toPartner(value) {
      if (value.startsWith('payer-id:')) return undefined
      return /^-?\d{1,15}$/.test(value) ? Number(value) : new Unreadable('is not a whole number')
    },
  },
  { readsAbsent: true },
)

const organization = payerOf.mapping({
  title: 'Payer',
  key: 'identifier:payer.value',
  profiles: [{ url: usCore('organization') }],
  // biome-ignore format: the columns are the point of a table
  rows: [
    //             Spry payer       FHIR Organization               how
    payerOf.pair('payer_reg_id',  'identifier:payer.value',       payerKey, { given: ['payer_id'] }),
    payerOf.pair('payer_id',      'identifier:electronic.value'),
    payerOf.fixed('active',       true),
    payerOf.fixed('type[0].coding[0]', coding('http://terminology.hl7.org/CodeSystem/organization-type', 'pay', 'Payer')),
    payerOf.pair('name',          'name',                         textOr('Unknown payer')),
  ],
})

export const payer = entity({
  name: 'payer',
  partner: 'spry',
  title: 'Payer',
  source: 'Spry, "Add Case": Insurance Card Object, insurance_payer',
  record: SpryPayer,
  key: (record) => payerIdOf(record.payer_reg_id, record.payer_id),
  anchor: 'organization',
  masterData: true,
  parts: { organization: owned(organization) },
})

const payerInside = nested(payer)

/** A card together with whose it is. */
export const CardOfPatient = z.looseObject({
  context: z.object({ patient_id: z.int().meta({ examples: [1172416, 1001] }) }),
  insurance_card: SpryInsuranceCard,
})
type CardOfPatient = z.infer<typeof CardOfPatient>

/** A payer without any id is named, not referred to. */
const payerName = {
  toFhir(item: unknown): { display: string } {
    const name = (item as { name?: unknown } | null | undefined)?.name
    return { display: typeof name === 'string' && name.trim() !== '' && !notFhirText.test(name) ? name : 'Unknown payer' }
  },
  toPartner: ({ display }: { display?: string }) => (display === 'Unknown payer' ? null : { name: display }),
}

const { mapping, pair, readOnly, fixed, kept, refersTo } = between<CardOfPatient, Coverage>()('Coverage', (scope) => ({
  'identifier:card': { system: sid(scope, 'insurance-card') },
  'identifier:member': { type: { coding: [coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'MB', 'Member Number')] } },
}))

const coverage = mapping({
  title: 'Insurance card',
  key: 'identifier:card.value',
  profiles: [{ url: usCore('coverage'), needs: ['subscriberId'] }],
  // biome-ignore format: the columns are the point of a table
  rows: [
    //    Spry insurance card                    FHIR Coverage               how
    pair('insurance_card.insurance_card_id',    'identifier:card.value',    idText),
    readOnly('insurance_card.insurance_number', 'identifier:member.value'),
    fixed('status',                             'active'),
    pair('insurance_card.insurance_number',     'subscriberId'),
    readOnly('context.patient_id',              'beneficiary',              referenceById('Patient', 'patient')),
    fixed('relationship', {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
      text: 'Not stated by the partner',
    }),
    pair('insurance_card.plan_start_date',      'period.start',             date, { absent: null }),
    pair('insurance_card.plan_end_date',        'period.end',               date, { absent: null }),
    refersTo('insurance_card.insurance_payer',  'payor[0]',                 payerInside, { fallback: payerName, absent: null }),
    kept('the rank of a card belongs to the case: Account.coverage.priority', 'insurance_card.insurance_card_type'),
  ],
})

export const insuranceCard = entity({
  name: 'insurance-card',
  partner: 'spry',
  title: 'Insurance card',
  source: 'Spry, "Add Case": Insurance Card Object',
  record: CardOfPatient,
  key: (record) => (record.insurance_card.insurance_card_id ? String(record.insurance_card.insurance_card_id) : undefined),
  required: ['context.patient_id', 'insurance_card.insurance_card_id'],
  requiredParts: ['patient'],
  anchor: 'coverage',
  parts: { patient: shared(patientOfContext), payer: inside(payerInside, 'insurance_card.insurance_payer'), coverage: owned(coverage) },
})
