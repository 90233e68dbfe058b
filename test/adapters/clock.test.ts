import { expect, test } from 'vitest'
import { clock } from '../../src/adapters/clock.ts'
import { newId } from '../../src/adapters/new-id.ts'
import { random } from '../../src/adapters/random.ts'

test('a sleep that is aborted rejects with the reason it was given', async () => {
  const reason = new Error('shutting down')
  await expect(clock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  const controller = new AbortController()
  const sleeping = clock.sleep(60_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
})

test('the clock passes the time that was slept', async () => {
  const before = clock.now()
  await clock.sleep(5)
  // Timers and the wall clock round differently.
  expect(clock.now() - before).toBeGreaterThanOrEqual(3)
})

test('ids are lower-case UUIDs, each one new', () => {
  const ids = new Set(Array.from({ length: 1_000 }, newId))
  expect(ids.size).toBe(1_000)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test('chance lies in [0, 1)', () => {
  const values = Array.from({ length: 1_000 }, random)
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
})
