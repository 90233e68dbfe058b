import { expect, test } from 'vitest'
import { createLog, type LogFields } from '../src/log.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = []
  write(createLog('debug', { write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

test('a line holds its event, its level and the fields that are on the list', () => {
  const [line] = logged((log) =>
    log.info('run finished', { connection: 'spry', runId: 'r1', count: 3, durationMs: 12, counts: { seen: 3 } })
  )
  expect(line).toMatchObject({ level: 30, event: 'run finished', connection: 'spry', runId: 'r1', count: 3, counts: { seen: 3 } })
  expect(line).not.toHaveProperty('hostname')
})

test('whatever is not on the list is dropped, in fields and in counts', () => {
  const fields = { body: 'Canary', url: '/Canary', connection: { name: 'Canary' }, counts: { Canary: 'Canary', seen: 1 } }
  const [line] = logged((log) => log.warn('odd', fields as unknown as LogFields))
  expect(JSON.stringify(line)).not.toContain('"Canary"')
  expect(line).toMatchObject({ event: 'odd', counts: { seen: 1 } })
  expect(line).not.toHaveProperty('connection')
})

test('an error is told by class and code, never by message, cause or stack', () => {
  const error = Object.assign(new TypeError('Canary', { cause: new Error('Canary') }), { code: 'ECONNRESET', detail: 'Canary' })
  const odd = Object.assign(new Error('Canary'), { name: 'Canary, Jane', code: 'Canary Jane' })
  const lines = logged((log) => {
    log.error('request failed', { error })
    log.error('request failed', { error: odd })
    log.error('request failed', { error: 'Canary' })
  })
  expect(lines[0]).toMatchObject({ error: 'TypeError', errorCode: 'ECONNRESET' })
  expect(JSON.stringify(lines)).not.toContain('Canary')
})

test('a log with fixed fields adds them to every line', () => {
  const [line] = logged((log) => log.with({ connection: 'spry' }).with({ entity: 'case' }).debug('looked', { linkId: 'l1' }))
  expect(line).toMatchObject({ connection: 'spry', entity: 'case', linkId: 'l1', event: 'looked' })
})
