/** The decision for one row: given what was agreed, when the two sides say this, then that becomes of it. */
import { describe, expect, test } from 'vitest'
import { type BoundRow, bind, type Rule } from '#mapping'
import { spryCase } from '../../mappings/spry/case.ts'
import { type Circumstances, decide, type Sides, type Writable } from '../../src/sync/decide.ts'

const bound = bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' })
const row = (id: string) => bound.rows.get(id) as BoundRow
const title = row('problem.code.text')
const status = row('episode.status')
const directAccess = row('episode.extension:spry-direct-access.valueBoolean')
const diagnoses = row('episode.diagnosis:medical')
const updated = row('episode.extension:source-updated.valueDateTime')

const given = (base: unknown) => ({
  when: (partner: unknown, hub: unknown) => ({
    becomes: (wanted: unknown, circumstances: Partial<Circumstances> & { row?: BoundRow } = {}) => {
      const { row: chosen = title, ...rest } = circumstances
      const sides: Sides = { base, partner, hub }
      expect(decide(chosen, sides, { writable: true, ...rest })).toEqual(wanted)
    }
  })
})

describe('a row', () => {
  test('that nobody changed is agreed', () => {
    given('A').when('A', 'A').becomes({ kind: 'agreed', changed: false })
  })
  test('that the partner changed goes to the hub', () => {
    given('A').when('B', 'A').becomes({ kind: 'to-hub', value: 'B' })
    given('A').when(undefined, 'A').becomes({ kind: 'to-hub', value: undefined })
  })
  test('that FHIR changed goes to the partner', () => {
    given('A').when('A', 'B').becomes({ kind: 'to-partner', value: 'B' })
    given('A').when('A', undefined).becomes({ kind: 'to-partner', value: undefined })
  })
  test('that both changed to the same is agreed', () => {
    given('A').when('B', 'B').becomes({ kind: 'agreed', changed: true })
  })
  test('that both changed differently waits for a person', () => {
    given('A')
      .when('B', 'C')
      .becomes({ kind: 'conflict', code: 'conflict', message: 'was changed on both sides to different values' })
  })
  test('that FHIR changed and the partner cannot be told waits, and is not reverted', () => {
    const wanted = (writable: Exclude<Writable, true>) => expect.objectContaining({ kind: 'conflict', code: writable })
    given('A').when('A', 'B').becomes(wanted('unsupported-write'), { writable: 'unsupported-write' })
    given('A').when('A', 'B').becomes(wanted('partner-read-only'), { writable: 'partner-read-only' })
  })
  test('that the partner changed goes to the hub even when the partner cannot be told', () => {
    given('A').when('B', 'A').becomes({ kind: 'to-hub', value: 'B' }, { writable: 'unsupported-write' })
  })
})

describe('what means the same to the partner', () => {
  test('is not a change: an episode on hold is ACTIVE as an active one is', () => {
    given('active').when('active', 'onhold').becomes({ kind: 'agreed', changed: false }, { row: status })
  })
  test('is not a change: no extension and one that says false', () => {
    given(false).when(false, undefined).becomes({ kind: 'agreed', changed: false }, { row: directAccess })
  })
  test('is a change as soon as the meaning is another', () => {
    given('active').when('active', 'finished').becomes({ kind: 'to-partner', value: 'finished' }, { row: status })
  })
})

describe('a rule', () => {
  const by = (rule: Rule, circumstances: Partial<Circumstances> = {}) => ({ rule, ...circumstances })
  test('partner: its value wins, and it is said by which rule', () => {
    given('A').when('B', 'C').becomes({ kind: 'to-hub', value: 'B', by: 'partner' }, by('partner'))
  })
  test('partner is the rule of what the partner assigns', () => {
    given('1')
      .when('2', '3')
      .becomes({ kind: 'to-hub', value: '2', by: 'partner' }, { row: updated, writable: 'partner-read-only' })
  })
  test('fhir: its value wins where the partner can be told', () => {
    given('A').when('B', 'C').becomes({ kind: 'to-partner', value: 'C', by: 'fhir' }, by('fhir'))
    given('A')
      .when('B', 'C')
      .becomes(
        expect.objectContaining({ kind: 'conflict', code: 'unsupported-write' }),
        by('fhir', { writable: 'unsupported-write' })
      )
  })
  test('prefer-unless-blank: a value wins over none, two values wait', () => {
    given('A')
      .when(undefined, 'C')
      .becomes({ kind: 'to-partner', value: 'C', by: 'prefer-unless-blank' }, by('prefer-unless-blank'))
    given('A').when('B', undefined).becomes({ kind: 'to-hub', value: 'B', by: 'prefer-unless-blank' }, by('prefer-unless-blank'))
    given('A')
      .when('B', 'C')
      .becomes(expect.objectContaining({ kind: 'conflict' }), by('prefer-unless-blank'))
  })
  test('append-only: the longer text wins when it begins with the other', () => {
    given('A').when('A B', 'A B C').becomes({ kind: 'to-partner', value: 'A B C', by: 'append-only' }, by('append-only'))
    given('A')
      .when('A B', 'A C')
      .becomes(expect.objectContaining({ kind: 'conflict' }), by('append-only'))
  })
  test('latest decides only between clocks that are declared trustworthy', () => {
    given('A')
      .when('B', 'C')
      .becomes(expect.objectContaining({ kind: 'conflict' }), by('latest'))
    given('A')
      .when('B', 'C')
      .becomes({ kind: 'to-hub', value: 'B', by: 'latest' }, by('latest', { latest: 'partner' }))
  })
})

describe('a person', () => {
  test('takes either side', () => {
    given('A')
      .when('B', 'C')
      .becomes({ kind: 'to-hub', value: 'B', by: 'person' }, { decided: { resolution: 'partner' } })
    given('A')
      .when('B', 'C')
      .becomes({ kind: 'to-partner', value: 'C', by: 'person' }, { decided: { resolution: 'fhir' } })
  })
  test('gives a third value to both sides', () => {
    given('A')
      .when('B', 'C')
      .becomes({ kind: 'to-both', value: 'D', by: 'person' }, { decided: { resolution: 'value', value: 'D' } })
  })
  test('cannot send what the partner does not take', () => {
    const circumstances = { decided: { resolution: 'fhir' as const }, writable: 'unsupported-write' as const }
    given('A')
      .when('B', 'C')
      .becomes(expect.objectContaining({ kind: 'conflict', code: 'unsupported-write' }), circumstances)
  })
})

describe('a list', () => {
  const list = (...keys: string[]) => keys.map((key) => ({ key }))
  test('takes what both sides added', () => {
    given(list('a'))
      .when(list('a', 'b'), list('a', 'c'))
      .becomes({ kind: 'to-both', value: list('a', 'b', 'c') }, { row: diagnoses })
  })
  test('loses what either side took away', () => {
    given(list('a', 'b', 'c'))
      .when(list('a', 'b'), list('b', 'c'))
      .becomes({ kind: 'to-both', value: list('b') }, { row: diagnoses })
  })
  test('keeps the order of the side that changed it', () => {
    given(list('a', 'b'))
      .when(list('a', 'b', 'x'), list('b', 'a'))
      .becomes({ kind: 'to-both', value: list('b', 'a', 'x') }, { row: diagnoses })
  })
  test('waits when both sides ordered it differently', () => {
    given(list('a', 'b', 'c'))
      .when(list('b', 'a', 'c'), list('a', 'c', 'b'))
      .becomes(expect.objectContaining({ kind: 'conflict' }), { row: diagnoses })
  })
  test('waits when one side took away what the other changed', () => {
    const base = [
      { key: 'a', also: 1 },
      { key: 'b', also: 2 }
    ]
    given(base)
      .when(
        [{ key: 'b', also: 2 }],
        [
          { key: 'a', also: 3 },
          { key: 'b', also: 2 }
        ]
      )
      .becomes(expect.objectContaining({ kind: 'conflict' }), { row: diagnoses })
  })
})
