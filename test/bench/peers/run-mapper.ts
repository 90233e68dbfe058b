/** A thread for one contestant: what one of them does to shared code and shapes cannot slow the others. */
import { parentPort, workerData } from 'node:worker_threads'
import { canonicalJson } from '../../../src/mapping/index.ts'
import { mappers } from './mappers.ts'

const { index } = workerData as { index: number }
const mapper = mappers()[index]
if (!mapper) throw new Error(`no contestant ${index}`)
const { name, run, expected } = mapper
if (canonicalJson(JSON.parse(await run())) !== canonicalJson(expected)) {
  throw new Error(`${name} does not give the documented result, so its speed means nothing`)
}

parentPort?.on('message', async (milliseconds: number) => {
  const start = performance.now()
  let calls = 0
  let passed = 0
  while (passed < milliseconds) {
    for (let each = 0; each < 20; each++) {
      const made = run()
      if (typeof made !== 'string') await made
    }
    calls += 20
    passed = performance.now() - start
  }
  parentPort?.postMessage((calls / passed) * 1000)
})
