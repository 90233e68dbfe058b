/** What remains of a resource that another one has taken the place of: it stays, says so, and is found by no partner's id. */

import type { Patient, Practitioner, Resource } from '@medplum/fhirtypes'
import { extensionUrl } from '#mapping'
import { identityOf, type Stored } from './identity.ts'

/** A Practitioner has no `link` in R4, so an extension says what `Patient.link` says. */
const replacedByUrl = extensionUrl('replaced-by')

export function markReplaced(resource: Stored, by: string): Stored {
  const { identifier = [], ...rest } = structuredClone(resource) as Stored & (Patient | Practitioner)
  const kept = identifier.filter(({ system, value }) => !identityOf(resource.resourceType, system, value))
  const still = { ...rest, ...(kept.length > 0 && { identifier: kept }), active: false } as Stored & (Patient | Practitioner)
  if (still.resourceType === 'Patient') {
    still.link = [...(still.link ?? []), { other: { reference: by } as { reference: `Patient/${string}` }, type: 'replaced-by' }]
  } else {
    still.extension = [
      ...(still.extension ?? []),
      { url: replacedByUrl, valueReference: { reference: by } as { reference: `Practitioner/${string}` } }
    ]
  }
  return still
}

/** What replaces the resource, as `Type/<id>`. */
export function replacedBy(resource: Resource): string | undefined {
  if (resource.resourceType === 'Patient') return resource.link?.find(({ type }) => type === 'replaced-by')?.other.reference
  const { extension } = resource as Practitioner
  return extension?.find(({ url }) => url === replacedByUrl)?.valueReference?.reference
}
