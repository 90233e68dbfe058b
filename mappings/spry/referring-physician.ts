/** A referring physician (partner document "Add Case", Referring Physician Object) is a Practitioner known by Spry's id. */
import type { Practitioner } from '@medplum/fhirtypes'
import { between, entity, idText, owned, readText, sid, Unreadable } from '#mapping'
import { coding, npi, phone, zip } from './conversions.ts'
import { SpryPhysician } from './records.ts'
import { usCore } from './us-core.ts'

const { mapping, pair, joined, fixed, kept } = between<SpryPhysician, Practitioner>()('Practitioner', (scope) => ({
  'identifier:physician': { system: sid(scope, 'referring-physician') },
  'identifier:npi': {
    system: 'http://hl7.org/fhir/sid/us-npi',
    type: { coding: [coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'NPI')] },
  },
  'telecom:phone': { system: 'phone', use: 'work' },
  'telecom:fax': { system: 'fax', use: 'work' },
}))

/** FHIR numbers address lines without gaps, so a second line without a first becomes the first. */
const lines = {
  toFhir(...values: (string | null | undefined)[]) {
    const texts = values.map((value) => (typeof value === 'string' && value !== '' ? readText(value) : undefined))
    const unreadable = texts.find((text) => text instanceof Unreadable)
    if (unreadable) return unreadable
    const all = texts.filter((text) => typeof text === 'string')
    return all.length > 0 ? all : undefined
  },
  toPartner: ([address1 = '', address2 = '']: string[] = []) => ({ address1, address2 }),
}

/** Spry resolves physicians from its own master data: what an EHR changes here is reported, never written. */
const practitioner = mapping({
  title: 'Referring physician',
  key: 'identifier:physician.value',
  profiles: [{ url: usCore('practitioner'), needs: ['name[0].family'] }],
  // biome-ignore format: the columns are the point of a table
  rows: [
    //    Spry physician       FHIR Practitioner              how
    pair('ref_physician_id',  'identifier:physician.value',  idText, { alias: 'referring_physician_id' }),
    kept('the name of ref_physician_id in requests', 'referring_physician_id'),
    pair('npi',               'identifier:npi.value',        npi),
    pair('last_name',         'name[0].family'),
    pair('first_name',        'name[0].given[0]'),
    pair('phone_number',      'telecom:phone.value',         phone),
    pair('fax_number',        'telecom:fax.value',           phone),
    fixed('address[0].use',   'work'),
    joined(['address1', 'address2'], 'address[0].line', 'one line each, empty ones left out', lines),
    pair('city',              'address[0].city'),
    pair('state',             'address[0].state'),
    pair('zip',               'address[0].postalCode',       zip),
  ],
})

const idOf = (record: SpryPhysician): number | undefined => record.ref_physician_id ?? record.referring_physician_id ?? undefined

export const referringPhysician = entity({
  name: 'referring-physician',
  partner: 'spry',
  title: 'Referring physician',
  source: 'Spry, "Add Case": Referring Physician Object',
  record: SpryPhysician,
  key: (record) => (idOf(record) ? String(idOf(record)) : undefined),
  anchor: 'practitioner',
  masterData: true,
  parts: { practitioner: owned(practitioner) },
})
