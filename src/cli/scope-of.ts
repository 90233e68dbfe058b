import type { Scope } from '#mapping'
import { readConfig } from '../config.ts'
import type { Cli } from './cli.ts'
import { WrongUse } from './wrong-use.ts'

/**
 * Whose identifiers a mapping on files uses. Without a name the configuration is not even read: identifiers bear the partner's
 * name, and times without a zone are in UTC.
 */
export async function scopeOf(cli: Cli, partner: string, connection: string | undefined): Promise<Scope> {
  if (connection === undefined) return { connection: partner, serviceTimeZone: 'UTC' }
  const { connections } = await readConfig(cli.env, cli.folder)
  const found = connections.find((one) => one.name === connection && one.partner === partner)
  if (found) return { connection, serviceTimeZone: found.serviceTimeZone }
  if (connections.length === 0 && /^[a-z][a-z0-9-]{0,62}$/.test(connection)) return { connection, serviceTimeZone: 'UTC' }
  const known = connections.filter((one) => one.partner === partner).map((one) => one.name)
  throw new WrongUse(
    `There is no connection '${connection}' to ${partner}. ` +
      (known.length > 0 ? `The connections are ${known.join(', ')}.` : 'Add it to ligature.config.ts, or leave --connection out.')
  )
}
