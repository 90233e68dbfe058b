import type { Config } from '../config.ts'
import type { Engine, RoundReport } from '../sync/engine.ts'
import { booksTable } from './books-table.ts'
import type { OpenEngine } from './open-engine.ts'
import type { SandboxTwin } from './sandbox.ts'
import { paragraphs } from './table.ts'
import { thingsToTry } from './things-to-try.ts'
import { workLeft, workLeftInWords } from './work-left.ts'

export interface StartBanner {
  readonly config: Config
  readonly ownUrl: string
  readonly twins: readonly SandboxTwin[]
  readonly connections: Engine['connections']
}

/** What runs where. */
export function startBanner({ config, ownUrl, twins, connections }: StartBanner): string {
  const isSandbox = config.connections.length === 0
  const where = [
    ['FHIR endpoint', `${ownUrl}/fhir/R4`],
    ...twins.flatMap(({ title, url }) => [
      [`${title} (twin)`, url],
      [`${title}, edit it`, `${url}/twin/state`]
    ]),
    ...(isSandbox
      ? []
      : connections.map(({ name, partner, paused }) => [`connection ${name}`, paused ? `${partner}, paused` : partner])),
    ['database', config.databaseUrl ? 'at DATABASE_URL' : `embedded Postgres in ${config.dataFolder}`],
    ['data folder', config.dataFolder]
  ]
  const width = Math.max(...where.map(([name = '']) => name.length))
  return paragraphs(
    isSandbox
      ? 'Ligature, *sandbox*: no connections are configured, so the partners are twins on this machine, with invented records.'
      : 'Ligature',
    where.map(([name = '', place]) => `  ${name.padEnd(width)}  ${place}`).join('\n'),
    accessNote(config),
    'First round …'
  )
}

function accessNote({ clients, connections, host }: Config): string | undefined {
  if (clients.length > 0) return undefined
  if (connections.length === 0 && (host === 'localhost' || /^127\./.test(host) || host === '::1')) return undefined
  return '  Nobody can use the FHIR endpoint yet: it asks for tokens here, and no clients are configured (ligature.config.ts, clients).'
}

export interface InStep {
  readonly report: RoundReport
  readonly open: OpenEngine
  readonly config: Config
  readonly ownUrl: string
}

/** The books of the first round, and what to try next. */
export async function inStepBanner({ report, open, config, ownUrl }: InStep): Promise<string> {
  return paragraphs(
    booksTable(report.runs),
    verdict(report),
    workLeftInWords(await workLeft(open.db)),
    config.connections.length === 0 ? await thingsToTry(open, ownUrl) : undefined,
    'Ctrl-C stops it.'
  )
}

function verdict({ runs, worked }: RoundReport): string {
  const failed = runs.filter(({ state }) => state === 'failed').length
  if (failed > 0) return `Not in step: ${failed} of ${runs.length} runs failed; the next round tries again (npx ligature doctor).`
  if (worked.failed > 0) return `Not in step: ${worked.failed} links could not be worked; the next round tries again.`
  if (runs.some(({ state }) => state === 'skipped'))
    return 'Another engine on this database is at it; the books are in its run (npx ligature ledger).'
  return 'in step'
}
