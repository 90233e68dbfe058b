/** A diagnosis code of a case is a Condition of its own (partner document "Add Case", ICD Code Object). */
import type { Condition } from '@medplum/fhirtypes'
import { z } from 'zod'
import { between, code, conversion, entity, extensionUrl, notFhirText, owned, referenceById, shared, sid, Unreadable, utc } from '#mapping'
import { coding, icdCode as icd10 } from './conversions.ts'
import { SpryCase, SpryIcdCode } from './records.ts'
import { patientOfContext } from './stubs.ts'
import { usCore } from './us-core.ts'

/** A code together with the case it stands in. */
export const CodeOfCase = z.looseObject({
  context: SpryCase.pick({ spry_case_id: true, patient_id: true, treatment_status: true, created_at: true }),
  icd_code: SpryIcdCode,
})
type CodeOfCase = z.infer<typeof CodeOfCase>

const { mapping, pair, readOnly, joined, fixed, kept } = between<CodeOfCase, Condition>()('Condition', (scope) => ({
  'identifier:diagnosis': { system: sid(scope, 'case-diagnosis') },
  'code.coding:icd': { system: 'http://hl7.org/fhir/sid/icd-10-cm' },
  'extension:icd-id': { url: extensionUrl('spry-icd-id') },
}))

/** An id of Spry's catalogue of codes; 0 means that it was not looked up. */
const icdId = conversion<number, number>('ICD id, 0 is none', {
  toFhir(value) {
    if (value === 0) return undefined
    return (value | 0) === value ? value : new Unreadable('is not a 32-bit integer')
  },
  toPartner: (value) => value,
})

/** `<case>/<ICD id>`, or `<case>/code:<code>` while the id is not known. */
const diagnosisKey = {
  toFhir(caseId: unknown, id: unknown, literal: unknown): string | undefined {
    if (typeof id === 'number' && id !== 0) return `${caseId}/${id}`
    return typeof literal === 'string' && literal.trim() !== '' && !notFhirText.test(literal) ? `${caseId}/code:${literal.toUpperCase()}` : undefined
  },
  toPartner(value: string | undefined): { 'context.spry_case_id'?: string; 'icd_code.code'?: string } {
    if (value === undefined) return {}
    const mark = value.indexOf('/code:')
    if (mark < 0) return { 'context.spry_case_id': value.slice(0, value.lastIndexOf('/')) }
    return { 'context.spry_case_id': value.slice(0, mark), 'icd_code.code': value.slice(mark + '/code:'.length) }
  },
}

const condition = mapping({
  title: 'Case diagnosis',
  key: 'identifier:diagnosis.value',
  profiles: [{ url: usCore('condition-problems-health-concerns') }],
  // biome-ignore format: the columns are the point of a table
  rows: [
    //    Spry ICD code           FHIR Condition                                 how
    pair('icd_code.id',          'extension:spry-icd-id.valueInteger',          icdId),
    pair('icd_code.revision',    'extension:spry-icd-revision.valueCode',       code),
    pair('icd_code.uuid',        'extension:spry-icd-uuid.valueString'),
    pair('icd_code.billing_type','extension:spry-billing-type.valueCode',       code),
    pair('icd_code.is_primary',  'extension:spry-is-primary.valueBoolean'),
    joined(['context.spry_case_id', 'icd_code.id', 'icd_code.code'], 'identifier:diagnosis.value', '<case>/<ICD id>', diagnosisKey, { write: 'never' }),
    fixed('clinicalStatus.coding[0]', coding('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active')),
    fixed('category[0].coding[0]', coding('http://terminology.hl7.org/CodeSystem/condition-category', 'problem-list-item', 'Problem List Item')),
    pair('icd_code.code',        'code.coding:icd.code',                        icd10, { given: ['icd_code.revision'] }),
    pair('icd_code.description', 'code.text'),
    readOnly('context.patient_id', 'subject',                                   referenceById('Patient', 'patient')),
    readOnly('context.created_at', 'recordedDate',                              utc),
    kept('a discharge ends the treatment, not the illness', 'context.treatment_status'),
  ],
})

export const icdCode = entity({
  name: 'icd-code',
  partner: 'spry',
  title: 'Case diagnosis code',
  source: 'Spry, "Add Case": ICD Code Object',
  record: CodeOfCase,
  key: ({ context, icd_code }) => diagnosisKey.toFhir(context.spry_case_id, icd_code.id, icd_code.code),
  required: ['context.spry_case_id', 'context.patient_id'],
  requiredParts: ['patient'],
  anchor: 'condition',
  parts: { patient: shared(patientOfContext), condition: owned(condition) },
})
