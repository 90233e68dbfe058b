import type { Assumption, Call } from './call.ts'
import type { ReadAnswer } from './outcome.ts'
import type { RecordType } from './record-type.ts'
import type { WebhookShape } from './webhook.ts'

/** A system that we integrate, as far as its API goes: everything that the generic client and the sync need to know of it. */
export interface Partner {
  /** Short name: its folder under `mappings/` and the default connection. */
  readonly name: string
  readonly title: string
  readonly calls: Readonly<Record<string, Call>>
  readonly recordTypes: Readonly<Record<string, RecordType>>
  readonly readAnswer: ReadAnswer
  readonly webhook?: WebhookShape
  readonly assumptions: readonly Assumption[]
}

/** The declaration of a partner contradicts itself. */
export class PartnerDeclarationError extends Error {
  override readonly name = 'PartnerDeclarationError'
}

/** Declares a partner, and refuses at start-up what would go wrong at night. */
export function definePartner<const P extends Partner>(partner: P): P {
  const refuse = (what: string) => {
    throw new PartnerDeclarationError(`Partner '${partner.name}': ${what}`)
  }
  const assumptions = new Set(partner.assumptions.map((assumption) => assumption.name))
  for (const [name, call] of Object.entries<Call>(partner.calls)) {
    if (call.source.kind === 'assumed' && !assumptions.has(call.source.assumption)) {
      refuse(`call '${name}' rests on the assumption '${call.source.assumption}', which is not in its list of assumptions`)
    }
    if (call.irreversible && call.grant === undefined) refuse(`call '${name}' is irreversible: name the grant that allows it`)
    if (call.method === 'GET' && call.effect !== 'read') refuse(`call '${name}' is a GET: its effect class is 'read'`)
    if (call.method !== 'GET' && call.effect === 'read') refuse(`call '${name}' writes: its effect class cannot be 'read'`)
    if (!call.path.startsWith('/')) refuse(`the path of call '${name}' must begin with '/'`)
  }
  for (const [name, type] of Object.entries<RecordType>(partner.recordTypes)) {
    for (const use of [type.list, type.read, type.create, type.update]) {
      if (use !== undefined && partner.calls[use.call] === undefined) {
        refuse(`record type '${name}' uses the call '${use.call}', which is not declared`)
      }
    }
    const bySince = type.list?.filters.includes('since')
    if (bySince && type.trust === 'none') refuse(`the listing of '${name}' filters by time, but its cursor trust is 'none'`)
    if (bySince && type.list?.timeLiteral === undefined)
      refuse(`the listing of '${name}' filters by time: say how by timeLiteral`)
  }
  return partner
}
