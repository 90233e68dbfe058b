/** The resource that somebody means by `Patient/<id>` or `system|value`. */

import type { Transaction } from '../store.ts'
import { refOf, type Stored } from './identity.ts'

export interface NotFound {
  readonly outcome: 'no-such-resource' | 'ambiguous-identifier'
  readonly message: string
}

export async function findReferred(
  tx: Transaction,
  resourceType: 'Patient' | 'Practitioner',
  reference: string
): Promise<{ readonly resource: Stored } | NotFound> {
  const bar = reference.lastIndexOf('|')
  const names = bar < 0 ? [reference] : await bearers(tx, resourceType, reference.slice(0, bar), reference.slice(bar + 1))
  if (names.length > 1) {
    return {
      outcome: 'ambiguous-identifier',
      message: `${names.length} ${resourceType}s bear this identifier (${names.join(', ')}): name one by its id`
    }
  }
  const [name = ''] = names
  if (!name.startsWith(`${resourceType}/`)) {
    const message =
      bar < 0
        ? `write the ${resourceType} as ${resourceType}/<id> or as system|value`
        : `no ${resourceType} of the hub bears this identifier`
    return { outcome: 'no-such-resource', message }
  }
  const resource = (await tx.hub.readResources([refOf(name)])).get(name)
  return resource ? { resource } : { outcome: 'no-such-resource', message: `there is no ${name} in the hub, or it was deleted` }
}

async function bearers(tx: Transaction, resourceType: string, system: string, value: string): Promise<string[]> {
  const found = await tx.hub.findByIdentifiers([{ resourceType, system, value }])
  return [...found.values()].flat().map((id) => `${resourceType}/${id}`)
}
