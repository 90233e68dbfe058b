/** Every value of a resource can say where it came from, and every field what hangs on it. */
import { readFileSync } from 'node:fs'
import type { EpisodeOfCare, Resource } from '@medplum/fhirtypes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bind, impactOf, lineageOf, toFhir } from '#mapping'
import { spryCase } from '../../mappings/spry/case.ts'
import { icdCode } from '../../mappings/spry/icd-code.ts'
import { arbitraryRecord } from '../support/arbitrary-record.ts'
import { entities } from '../support/entities.ts'

const record: unknown = JSON.parse(
  readFileSync(new URL('../../mappings/spry/examples/case.source.json', import.meta.url), 'utf8')
)
const bound = bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' })
const pieces = toFhir(bound, record, { deep: true }).pieces
const resourceAt = (place: string) => pieces.find((piece) => piece.place === place)?.resource as Resource
const lineage = (place: string, resource = resourceAt(place)) =>
  new Map(lineageOf(bound, place, resource).map(({ element, ...rest }) => [element, rest]))

describe('lineage', () => {
  test('names the row, the partner field and the conversion of a value', () => {
    expect(lineage('problem').get('code.text')).toEqual({
      origin: 'row',
      row: 'problem.code.text',
      from: ['case_title'],
      how: 'text, "Untitled case" when empty'
    })
    expect(lineage('episode').get('identifier[0].value')).toEqual({
      origin: 'row',
      row: 'episode.identifier:case.value',
      from: ['spry_case_id'],
      how: 'as it is'
    })
  })

  test('names the row of a value deep inside an extension', () => {
    const found = [...lineage('episode')].find(([element]) => element.endsWith('valueReference.reference'))
    expect(found?.[1]).toMatchObject({
      row: 'episode.extension:primary.extension:practitioner.valueReference',
      from: ['referring_physician_details']
    })
  })

  test('tells what a slice bears and what a mapping fixes from what is mapped', () => {
    const episode = lineage('episode')
    expect(episode.get('identifier[0].use')?.how).toBe('constant')
    expect(episode.get('diagnosis[0].role.coding[0].code')?.how).toBe('constant')
    expect(episode.get('diagnosis[0].condition.reference')?.row).toBe('episode.diagnosis:complaint.condition')
    expect(lineage('problem').get('category[0].coding[0].code')?.how).toBe('constant')
    expect(episode.get('resourceType')?.how).toBe('constant')
    expect(episode.get('meta.source')?.how).toBe('constant')
  })

  test("an EHR's own elements are not ours", () => {
    const episode = structuredClone(resourceAt('episode')) as EpisodeOfCare
    episode.identifier?.push({ system: 'https://ehr.example', value: '7' })
    episode.careManager = { display: 'Someone' }
    episode.extension?.unshift({ url: 'https://ehr.example/flag', valueBoolean: true })
    const found = lineage('episode', episode)
    expect(found.get('identifier[2].value')).toEqual({ origin: 'not ours', from: [], how: 'not ours' })
    expect(found.get('careManager.display')?.origin).toBe('not ours')
    expect(found.get('extension[0].valueBoolean')?.origin).toBe('not ours')
    expect(found.get('extension[1].valueBoolean')?.from).toEqual(['direct_access'])
  })

  test('of a list only the reference, its rank and its further value are the row', () => {
    const account = structuredClone(resourceAt('account')) as unknown as { coverage: Record<string, unknown>[] }
    Object.assign(account.coverage[0] as object, { id: 'from-the-ehr' })
    const found = lineage('account', account as unknown as Resource)
    expect(found.get('coverage[0].coverage.reference')?.from).toEqual(['insurance_card_list'])
    expect(found.get('coverage[0].priority')?.row).toBe('account.coverage')
    expect(found.get('coverage[0].id')?.origin).toBe('not ours')
  })

  test('follows places into nested records', () => {
    expect(lineage('cards[1089201].payer[2207].organization').get('name')?.from).toEqual(['name'])
    expect(() => lineageOf(bound, 'nothing', resourceAt('episode'))).toThrow('no resource part nothing')
  })

  test.each(entities.map((entity) => [entity.name, entity] as const))(
    'whatever %s becomes, no value is without an origin of ours',
    (_, entity) => {
      const own = bind(entity, { connection: 'spry', serviceTimeZone: 'UTC' })
      fc.assert(
        fc.property(arbitraryRecord(entity.record), (source) => {
          for (const { place, resource } of toFhir(own, source, { deep: true }).pieces) {
            expect(lineageOf(own, place, resource).filter(({ origin }) => origin === 'not ours')).toEqual([])
          }
        }),
        { numRuns: 200 }
      )
    }
  )
})

describe('impact', () => {
  test('a field may have several elements', () => {
    expect(impactOf(spryCase, 'treatment_status').map(({ element, write }) => [element, write])).toEqual([
      ['EpisodeOfCare.status', 'on-create'],
      ['Account.status', 'never']
    ])
  })

  test('includes elements that only look at the field', () => {
    expect(impactOf(icdCode, 'icd_code.revision').map(({ row }) => row)).toContain('condition.code.coding:icd.code')
  })

  test('a whole object has the elements of everything inside', () => {
    expect(impactOf(icdCode, 'icd_code').length).toBeGreaterThan(5)
    expect(impactOf(spryCase, 'no_such_field')).toEqual([])
  })
})
