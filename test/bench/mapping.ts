/**
 * The documented case in both directions: this engine, a plain function, a zod codec, and the two mapping languages of the field,
 * JSON included, as ratios to `JSON.parse` and `JSON.stringify` alone. Each is checked to give the same documents first. They take
 * turns, round after round, so that whatever else the machine does falls on all of them alike.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Figure } from './main.ts'
import { floor, mappers } from './peers/mappers.ts'

const milliseconds = Number(process.env.LIGATURE_BENCH_MS ?? 100)
const rounds = 9
const warmUp = 3

export async function bench(): Promise<Figure[]> {
  const contestants = mappers()
  const workers = contestants.map(
    (_, index) => new Worker(new URL('peers/run-mapper.ts', import.meta.url), { workerData: { index } })
  )
  const rates = contestants.map(() => [] as number[])
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const [index, worker] of workers.entries()) {
      worker.postMessage(milliseconds)
      const [rate] = (await once(worker, 'message')) as [number]
      if (round >= warmUp) rates[index]?.push(rate)
    }
  }
  await Promise.all(workers.map((worker) => worker.terminate()))
  const values = rates.map(median)
  return contestants.map(({ direction, name, note }, index) => {
    const base = contestants.findIndex((one) => one.direction === direction && one.name === floor)
    const value = values[index] as number
    return {
      name: `${direction}: ${name}`,
      value,
      unit: 'records/s',
      ratio: value / (values[base] as number),
      ...(note ? { note } : {})
    }
  })
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number
