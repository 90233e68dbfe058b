/** Every documented example of every partner: `<name>.source.json` means `<name>.fhir.json`. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Bundle } from '@medplum/fhirtypes'
import { describe, expect, test } from 'vitest'
import { bind, findAnchor, namedInBundle, poolOf, toBundle, toFhir, toPartner } from '#mapping'
import { partners } from '../support/entities.ts'

const json = (url: URL) => JSON.parse(readFileSync(url, 'utf8')) as Record<string, unknown>

for (const partner of partners) {
  const folder = new URL('examples/', partner.folder)
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.source.json'))
    .map((file) => file.slice(0, -'.source.json'.length))
  describe.each(names)(`${partner.name}/%s`, (name) => {
    const entity = partner.entities.find((one) => one.name === name) ?? partner.entities.find((one) => name.startsWith(one.name))
    if (!entity) throw new Error(`${partner.name}/examples/${name}: no entity of that name`)
    const bound = bind(entity, { connection: partner.name, serviceTimeZone: 'UTC' })
    const source = json(new URL(`${name}.source.json`, folder))
    const expected = json(new URL(`${name}.fhir.json`, folder)) as unknown as Bundle
    const hasContext = readdirSync(folder).includes(`${name}.context.json`)
    const record = hasContext ? { ...source, ...json(new URL(`${name}.context.json`, folder)) } : source

    test('becomes the expected bundle', () => {
      const { pieces, issues } = toFhir(bound, record, { deep: true })
      expect(issues).toEqual([])
      expect(toBundle(pieces)).toEqual(expected)
    })

    // a request knows less than a record, so it goes forward only
    test.skipIf(hasContext)('comes back from the bundle alone', () => {
      const named = namedInBundle(expected)
      const anchor = findAnchor(bound, named)
      expect(toPartner(bound, poolOf(bound, named), anchor as string, { deep: true }).record).toEqual(expectedBack(name, source))
    })

    test('comes back from the bundle onto its base', () => {
      const named = namedInBundle(expected)
      const anchor = findAnchor(bound, named)
      expect(toPartner(bound, poolOf(bound, named), anchor as string, { base: record, deep: true }).record).toEqual(record)
    })
  })
}

/** What a bundle cannot say of a nested record on its own: the rank of a card and the state of a case belong to the case. */
function expectedBack(name: string, source: Record<string, unknown>): unknown {
  if (name === 'insurance-card') {
    const { insurance_card_type: _, ...card } = source.insurance_card as Record<string, unknown>
    return { ...source, insurance_card: card }
  }
  if (name === 'icd-code') {
    const { treatment_status: _, ...context } = source.context as Record<string, unknown>
    return { ...source, context }
  }
  return source
}
