/** The contestants of the mapping bench, each doing one documented case per call, JSON included. */
import { readFileSync } from 'node:fs'
import type { Resource } from '@medplum/fhirtypes'
import { z } from 'zod'
import { spryCase } from '../../../mappings/spry/case.ts'
import { SpryCase } from '../../../mappings/spry/records.ts'
import { bind, knownKey, type Pool, toFhir, toPartner } from '../../../src/mapping/index.ts'
import { fhirpathTemplate } from './fhirpath.ts'
import { jsonataTemplate } from './jsonata.ts'
import { plainToFhir } from './plain.ts'
import { plainToPartner } from './plain-back.ts'
import { templateOf } from './template.ts'

export interface Mapper {
  readonly direction: 'to FHIR' | 'to the partner'
  readonly name: string
  /** One record; gives the JSON. */
  readonly run: () => string | Promise<string>
  /** What the JSON must say, for it to count. */
  readonly expected: unknown
  readonly note?: string
}

export const floor = 'floor: JSON alone'

export function mappers(): Mapper[] {
  const record: unknown = JSON.parse(
    readFileSync(new URL('../../../mappings/spry/examples/case.source.json', import.meta.url), 'utf8')
  )
  const bound = bind(spryCase, { connection: 'spry', serviceTimeZone: 'UTC' })
  const { pieces } = toFhir(bound, record, { deep: true })
  const resources = pieces.map((piece) => piece.resource)
  const text = JSON.stringify(record)
  const out = JSON.stringify(resources)
  const edited = out.replaceAll('Stable Burst Fracture', 'Burst fracture, stable')
  const anchorKey = bound.anchor.keyFor(record) as string
  const pool = (list: readonly Resource[]): Pool => {
    const byKey = new Map(list.map((resource) => [knownKey(bound, resource) as string, resource]))
    return { get: (key) => byKey.get(key), keys: byKey.keys() }
  }
  const codec = z.codec(SpryCase, z.array(z.looseObject({ resourceType: z.string() })), {
    decode: (one) => plainToFhir(one) as { resourceType: string }[],
    encode: (list) => plainToPartner(list as unknown as Resource[])
  })
  const template = templateOf(record, resources)
  const fhirpath = fhirpathTemplate(template)
  const jsonata = jsonataTemplate(template)
  const after: unknown = JSON.parse(text.replaceAll('Stable Burst Fracture', 'Burst fracture, stable'))

  const ours = (one: unknown) => toFhir(bound, one, { deep: true }).pieces.map((piece) => piece.resource)
  const parse = (json: string) => JSON.parse(json) as unknown
  const parseList = (json: string) => JSON.parse(json) as Resource[]
  const back = (json: string, options: object) =>
    toPartner(bound, pool(parseList(json)), anchorKey, { deep: true, ...options }).record

  const oneShape = 'this shape only, no checks'
  const inside = 'checks types; the same plain function inside'
  const oneWay = 'this shape only; codes constant; no way back'

  const forward: Omit<Mapper, 'direction' | 'expected'>[] = [
    {
      name: floor,
      run: () => {
        parse(text)
        return JSON.stringify(resources)
      }
    },
    { name: 'ours', run: () => JSON.stringify(ours(parse(text))) },
    { name: 'plain function', run: () => JSON.stringify(plainToFhir(parse(text) as SpryCase)), note: oneShape },
    { name: 'zod codec', run: () => JSON.stringify(z.decode(codec, parse(text) as SpryCase)), note: inside },
    { name: 'FHIRPath template', run: () => JSON.stringify(fhirpath(parse(text))), note: oneWay },
    { name: 'JSONata', run: async () => JSON.stringify(await jsonata(parse(text))), note: oneWay }
  ]
  const backward: Omit<Mapper, 'direction'>[] = [
    {
      name: floor,
      run: () => {
        parse(out)
        return JSON.stringify(record)
      },
      expected: record
    },
    { name: 'ours, no base', run: () => JSON.stringify(back(out, {})), expected: record },
    {
      name: 'ours, onto a base',
      run: () => JSON.stringify(back(edited, { base: record })),
      expected: after,
      note: 'one field edited; maps the base first'
    },
    {
      name: 'ours, base already mapped',
      run: () => JSON.stringify(back(edited, { base: record, before: pieces })),
      expected: after,
      note: 'one field edited'
    },
    {
      name: 'plain function',
      run: () => JSON.stringify(plainToPartner(parseList(out))),
      expected: record,
      note: `${oneShape}, no base`
    },
    {
      name: 'zod codec',
      run: () => JSON.stringify(z.encode(codec, parseList(out) as unknown as { resourceType: string }[])),
      expected: record,
      note: inside
    }
  ]
  return [
    ...forward.map((one): Mapper => ({ direction: 'to FHIR', expected: resources, ...one })),
    ...backward.map((one): Mapper => ({ direction: 'to the partner', ...one }))
  ]
}
