/** What EHRs change in the resources of a case: what Spry can take reaches it, and what it cannot take waits where a person sees it. */
import type { Coverage, Practitioner } from '@medplum/fhirtypes'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sid, sidesOf, withDiagnosis } from '../support/at-spry.ts'
import { expectRest } from '../support/expect-rest.ts'
import { expectInStep } from '../support/in-step.ts'
import { openPractice, type Practice, theOne } from '../support/practice.ts'
import { testDatabase } from '../support/test-database.ts'

const { db } = await testDatabase()
let practice: Practice
beforeAll(async () => {
  practice = await openPractice(db, { cases: 12 })
  await practice.round()
})
const { keyAt, atSpry, editAtSpry, episode, problem, diagnosis, change, post } = sidesOf(() => practice)
const inStep = () => expectInStep(db, practice.twin, practice.connection)
const atRest = () => expectRest(db, practice.twin, () => practice.round({ full: true }))
const settle = async () => {
  for (let round = 0; round < 2; round++) await practice.round({ full: true })
  await inStep()
  await atRest()
}
let known = new Set<string>()
beforeEach(async () => {
  known = new Set((await practice.store.ledger.allOpenConflicts()).map(({ id }) => id))
})
/** Those that a test made. */
const conflicts = async () =>
  (await practice.store.ledger.allOpenConflicts())
    .filter(({ id }) => !known.has(id))
    .map(({ row, code, content: { base, partner, hub } }) => ({ row, code, base, partner, hub }))
const codesAt = (key: string) => atSpry(key).icd_codes?.map(({ code }) => code)
const coded = async (key: string) => {
  const conditions = (await episode(key)).diagnosis?.filter(({ role }) => role?.coding?.[0]?.code === 'medical') ?? []
  const read = await Promise.all(conditions.map(({ condition }) => practice.hub.readReference(condition ?? {})))
  return read.map((one) => (one.resourceType === 'Condition' ? one.code?.coding?.[0]?.code : undefined))
}
/** A code that none of the cases has. */
const unused = { first: 'M77.11', second: 'M25.521', third: 'M65.4' }

describe('a diagnosis of a case', () => {
  test('that an EHR adds reaches Spry with its own id of the code, and is tied, not doubled', async () => {
    const key = keyAt(2)
    const before = codesAt(key) ?? []
    await post(withDiagnosis(await episode(key), unused.first, 'Tennis elbow'))
    await settle()
    expect(codesAt(key)).toEqual([...before, unused.first])
    expect(atSpry(key).icd_codes?.at(-1)).toMatchObject({ id: 9322, code: unused.first })
    expect(await diagnosis(key, 9322)).toMatchObject({ code: { text: 'Tennis elbow' } })
  })

  test('that an EHR removes is gone at Spry, and the Condition stays, marked as unlisted', async () => {
    const key = keyAt(2)
    const removed = await diagnosis(key, 9322)
    const whole = await episode(key)
    await change(whole, {
      diagnosis: (whole.diagnosis ?? []).filter(({ condition }) => condition?.reference !== `Condition/${removed.id}`)
    })
    await settle()
    expect(codesAt(key)).not.toContain(unused.first)
    expect((await diagnosis(key, 9322)).meta?.tag?.map(({ code }) => code)).toContain('unlisted')
  })

  test('that comes back at Spry is the same Condition, without the mark', async () => {
    const key = keyAt(2)
    const { id } = await diagnosis(key, 9322)
    editAtSpry(key, {
      icd_codes: [
        ...(atSpry(key).icd_codes ?? []),
        { id: 9322, code: unused.first, description: 'Tennis elbow', revision: 'ICD10' }
      ]
    })
    await settle()
    const back = await diagnosis(key, 9322)
    expect([back.id, back.meta?.tag ?? []]).toEqual([id, []])
  })

  test('that Spry removes is kept as a Condition, marked as unlisted', async () => {
    const key = keyAt(3)
    const [first, ...others] = atSpry(key).icd_codes ?? []
    editAtSpry(key, {
      icd_codes: others,
      treating_icd_codes: (atSpry(key).treating_icd_codes ?? []).filter(({ id }) => id !== first?.id)
    })
    await settle()
    const kept = await diagnosis(key, first?.id as number)
    expect(kept.meta?.tag?.map(({ code }) => code)).toContain('unlisted')
    expect((await episode(key)).diagnosis?.map(({ condition }) => condition?.reference)).not.toContain(`Condition/${kept.id}`)
  })

  test('added on both sides, different ones: both have both', async () => {
    const key = keyAt(4)
    const before = codesAt(key) ?? []
    await post(withDiagnosis(await episode(key), unused.second, 'Elbow pain'))
    editAtSpry(key, {
      icd_codes: [
        ...(atSpry(key).icd_codes ?? []),
        { id: 9333, code: unused.third, description: 'De Quervain', revision: 'ICD10' }
      ]
    })
    await settle()
    expect(new Set(codesAt(key))).toEqual(new Set([...before, unused.second, unused.third]))
    expect(await coded(key)).toEqual(codesAt(key))
    expect(await conflicts()).toEqual([])
  })

  test('added on both sides, the same one: it is one, and only its words are a conflict', async () => {
    const key = keyAt(5)
    await post(withDiagnosis(await episode(key), unused.third, 'In the words of the EHR'))
    editAtSpry(key, {
      icd_codes: [
        ...(atSpry(key).icd_codes ?? []),
        { id: 9333, code: unused.third, description: 'In the words of Spry', revision: 'ICD10' }
      ]
    })
    await settle()
    expect(codesAt(key)?.filter((code) => code === unused.third)).toHaveLength(1)
    expect(await coded(key)).toEqual(codesAt(key))
    expect(await conflicts()).toMatchObject([
      { code: 'conflict', partner: 'In the words of Spry', hub: 'In the words of the EHR' }
    ])
  })
})

describe("an EHR's own elements", () => {
  test('survive what Spry changes', async () => {
    const key = keyAt(6)
    const severity = { text: 'severe' }
    const tag = [{ system: 'https://ehr.example.org/tags', code: 'review' }]
    const own = { system: 'https://ehr.example.org/ids', value: 'E-1' }
    const before = await problem(key)
    await change(before, { severity, meta: { ...before.meta, tag }, identifier: [...(before.identifier ?? []), own] })
    await practice.round({ full: true })
    editAtSpry(key, { case_title: 'Changed at Spry', body_pain_notes: 'and noted' })
    await settle()
    const after = await problem(key)
    expect(after).toMatchObject({ severity, code: { text: 'Changed at Spry' }, note: [{ text: 'and noted' }] })
    expect(after.meta?.tag).toEqual(tag)
    expect(after.identifier).toContainEqual(own)
  })
})

describe('what Spry makes of a write', () => {
  test('does not go back and forth, however often an EHR edits', async () => {
    const key = keyAt(7)
    for (let edit = 1; edit <= 8; edit++) {
      const before = practice.twin.counters.updated
      await change(await problem(key), { code: { text: `Title ${edit}` } })
      await practice.round({ full: true })
      await practice.round({ full: true })
      expect(practice.twin.counters.updated - before).toBe(1)
      expect(atSpry(key).case_title).toBe(`Title ${edit}`)
    }
    await settle()
  })
})

describe('what Spry cannot be told', () => {
  test('a second diagnosis of the same code: it waits, and nothing is written again and again', async () => {
    const key = keyAt(10)
    const before = codesAt(key)
    await post(withDiagnosis(await episode(key), before?.[0] ?? '', 'Once more'))
    await settle()
    expect(codesAt(key)).toEqual(before)
    expect(await conflicts()).toMatchObject([{ row: 'episode.diagnosis:medical', code: 'invalid-content' }])
  })

  test('the name of a referring physician: Spry keeps that itself', async () => {
    const practitioner = await theOne<Practitioner>(practice.hub, `Practitioner?identifier=${sid('referring-physician')}|180513`)
    await change(practitioner, { name: [{ ...practitioner.name?.[0], family: 'Changed' }] })
    await settle()
    expect(await conflicts()).toMatchObject([{ row: 'practitioner.name[0].family', code: 'partner-read-only', hub: 'Changed' }])
    await change(await practice.hub.readResource<Practitioner>('Practitioner', practitioner.id as string), {
      name: practitioner.name ?? []
    })
    await settle()
    expect(await conflicts()).toEqual([])
  })

  test('an insurance card', async () => {
    const card = String(atSpry().insurance_card_list?.[0]?.insurance_card_id)
    const coverage = await theOne<Coverage>(practice.hub, `Coverage?identifier=${sid('insurance-card')}|${card}`)
    await change(coverage, { subscriberId: 'CHANGED' })
    await settle()
    expect(await conflicts()).toMatchObject([
      { row: 'coverage.subscriberId', code: 'unsupported-write', hub: 'CHANGED', partner: coverage.subscriberId }
    ])
    expect(await theOne<Coverage>(practice.hub, `Coverage?identifier=${sid('insurance-card')}|${card}`)).toMatchObject({
      subscriberId: 'CHANGED'
    })
    await change(await practice.hub.readResource<Coverage>('Coverage', coverage.id as string), {
      subscriberId: coverage.subscriberId as string
    })
    await settle()
  })

  test('one value among others: the others arrive, and it waits', async () => {
    const key = keyAt(8)
    const before = await episode(key)
    const extension = (before.extension ?? []).filter(({ url }) => !url.endsWith('spry-payment-mode'))
    const url = 'https://fhir.example.org/StructureDefinition/spry-payment-mode'
    await change(before, { extension: [...extension, { url, valueCode: 'BARTER' }], period: { start: '2026-02-03' } })
    await settle()
    expect(atSpry(key).treatment_start_date).toBe('2026-02-03')
    expect(await conflicts()).toMatchObject([
      { row: expect.stringContaining('payment-mode'), code: 'unmapped-code', hub: 'BARTER' }
    ])
  })

  test('that an episode was deleted in FHIR: it waits, and the case stays', async () => {
    const key = keyAt(9)
    await practice.hub.deleteResource('EpisodeOfCare', (await episode(key)).id as string)
    await settle()
    expect(await conflicts()).toMatchObject([{ row: 'episode', code: 'unsupported-write' }])
    expect(atSpry(key)).toBeDefined()
    editAtSpry(key, { body_pain_notes: 'goes on' })
    await settle()
    expect((await problem(key)).note?.[0]?.text).toBe('goes on')
  })
})
