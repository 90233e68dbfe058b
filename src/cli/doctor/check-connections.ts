import type { Outcome } from '#partner'
import type { Config } from '../../config.ts'
import { loadPartners } from '../../partners.ts'
import type { Ports } from '../../ports.ts'
import type { SyncConnection } from '../../sync/connection.ts'
import { openConnections } from '../connections.ts'
import { clockFinding } from './clock-finding.ts'
import { type Finding, saidBy } from './finding.ts'

/** Asks every partner for the first page of each listing, which changes nothing there. */
export async function checkConnections(config: Config, ports: Ports): Promise<Finding[]> {
  try {
    const connections = await openConnections(config, await loadPartners(), ports)
    try {
      return (await Promise.all(connections.list.map((one) => checkConnection(one, ports)))).flat()
    } finally {
      await connections.close()
    }
  } catch (error) {
    return [{ state: 'fail', what: 'connections', found: 'cannot be opened', remedy: saidBy(error) }]
  }
}

async function checkConnection({ name, client }: SyncConnection, { clock }: Ports): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [recordType, { list }] of Object.entries(client.partner.recordTypes)) {
    if (!list) continue
    const outcome = await client.call(list.call, { query: list.query({}, undefined) })
    findings.push({ what: `connection ${name}, ${recordType}`, ...verdict(outcome) })
    if (outcome.kind === 'ok' && outcome.partnerDate !== undefined) {
      findings.push(clockFinding(`clock of ${name}`, outcome.partnerDate - clock.now()))
    }
  }
  return findings
}

function verdict(outcome: Outcome): Pick<Finding, 'state' | 'found' | 'remedy'> {
  switch (outcome.kind) {
    case 'ok':
      return { state: 'ok', found: 'can be read' }
    case 'rejected':
      return outcome.code === 'unauthorized'
        ? { state: 'fail', found: 'the token is refused', remedy: 'put a valid token where the connection reads it' }
        : {
            state: 'fail',
            found: `the partner refuses with ${outcome.code}`,
            remedy: 'ask the partner what the code means for this account'
          }
    case 'not-sent':
      return outcome.reason === 'no-token'
        ? { state: 'fail', found: 'there is no token', remedy: 'provide the token that the configuration names' }
        : { state: 'fail', found: 'cannot be reached', remedy: 'check baseUrl, name resolution, proxy and firewall' }
    case 'throttled':
      return { state: 'warn', found: 'asks to be left alone for a while', remedy: 'try again later, or sync less often' }
    case 'unknown':
      return {
        state: 'fail',
        found: `answers in an undocumented way (${outcome.reason})`,
        remedy: 'check that baseUrl is the API of this partner'
      }
  }
}
