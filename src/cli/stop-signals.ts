import type { Clock } from '../ports.ts'
import type { Cli } from './cli.ts'

const patienceMs = 4_500

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, and so does a stop that takes too long. */
export function firstStopSignal(cli: Cli, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(130)
        isStopping = true
        resolve()
        void endLater(cli, clock)
      })
    }
  })
}

async function endLater(cli: Cli, clock: Clock): Promise<void> {
  await clock.sleep(patienceMs)
  cli.tell('Not everything ended in time; what was under way is taken up at the next start.')
  process.exit(0)
}
