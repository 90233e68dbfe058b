/** One configured account at a partner, with everything that its sync needs. */
import { type AnyEntity, type BoundEntity, bind, type Rule } from '#mapping'
import type { PartnerClient, RecordType } from '#partner'
import type { Writable } from './decide.ts'

export interface SyncConnection {
  readonly name: string
  readonly client: PartnerClient
  readonly serviceTimeZone: string
  readonly entities: readonly AnyEntity[]
  readonly schedule: string
  readonly sweepEveryMs: number
  /** The share of a record type's links that may be missing from a complete listing before a person is asked. */
  readonly absenceGuard: number
  readonly webhookSecrets: () => readonly string[]
  readonly paused: () => boolean
  readonly rules?: Readonly<Record<string, Rule>>
}

export function boundEntity(connection: SyncConnection, name: string): BoundEntity {
  const entity = connection.entities.find((one) => one.name === name)
  if (!entity)
    throw new Error(`connection ${connection.name}: partner ${connection.client.partner.name} has no mapping for ${name}`)
  return bind(entity, { connection: connection.name, serviceTimeZone: connection.serviceTimeZone })
}

/** The calls for an entity's records; undefined for records that only stand inside others. */
export const recordTypeOf = (connection: SyncConnection, entity: string): RecordType | undefined =>
  connection.client.partner.recordTypes[entity] as RecordType | undefined

/** What the partner can be told of an entity's records after they exist. */
export function writableOf(connection: SyncConnection, entity: AnyEntity): Writable {
  const update = recordTypeOf(connection, entity.name)?.update
  if (update && connection.client.granted(update.call)) return true
  return entity.masterData ? 'partner-read-only' : 'unsupported-write'
}
