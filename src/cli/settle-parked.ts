import type { ParkedDecision } from '../sync/settle-parked.ts'
import { type Cli, printResult } from './cli.ts'
import { who } from './who.ts'
import { withEngine } from './with-engine.ts'

/** Carries out what a person decided about a parked link. */
export async function settleParked(cli: Cli, id: string, decision: ParkedDecision, json: boolean | undefined): Promise<void> {
  await withEngine(cli, async ({ engine }) => {
    const { outcome, reason } = await engine.settleParked(id, decision, who(cli))
    const isDone = decision.kind === 'leave' || outcome === 'in-step' || outcome === 'pushed'
    printResult(cli, json, { id, decision: decision.kind, outcome, reason: reason ?? null }, () =>
      inWords(decision, outcome, reason)
    )
    cli.exitCode = isDone ? 0 : 1
  })
}

function inWords(decision: ParkedDecision, outcome: string, reason: string | undefined): string {
  if (decision.kind === 'leave') return 'It stays parked.'
  return outcome === 'in-step' || outcome === 'pushed'
    ? 'Settled: both sides are in step.'
    : `Not settled: ${outcome}${reason ? ` (${reason})` : ''}.`
}
