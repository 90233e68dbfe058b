import type { Condition, Resource } from '@medplum/fhirtypes'
import { expect, test } from 'vitest'
import { isSafeNarrative } from '../../src/fhir/narrative.ts'
import { validateFhir } from '../../src/fhir/validate.ts'
import { condition } from './support/resources.ts'

const verification = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code }]
})

test('a good Condition has no issue', () => {
  expect(
    validateFhir(condition('good', 'Patient/1', { verificationStatus: verification('confirmed'), onsetDateTime: '2026-03' }))
  ).toEqual([])
})

test.each<[string, Record<string, unknown>, string]>([
  [
    'a bogus clinical status',
    { clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'well' }] } },
    'Condition.clinicalStatus'
  ],
  [
    'a status of another system',
    { clinicalStatus: { coding: [{ system: 'urn:x', code: 'active' }] } },
    'Condition.clinicalStatus'
  ],
  ['a subject of a wrong type', { subject: { reference: 'Practitioner/1' } }, 'Condition.subject'],
  ['a subject that says a wrong type', { subject: { type: 'Device', identifier: { value: '1' } } }, 'Condition.subject'],
  ['a date of thirteen months', { onsetDateTime: '2026-13-45' }, 'Condition.onset[x]'],
  ['30 February', { onsetDateTime: '2026-02-30' }, 'Condition.onset[x]'],
  ['two onsets', { onsetDateTime: '2026-02-01', onsetString: 'then' }, 'Condition'],
  ['an empty array', { note: [] }, 'Condition.note'],
  ['an empty array further down', { code: { coding: [] } }, 'Condition.code.coding'],
  ['clinicalStatus of an error', { verificationStatus: verification('entered-in-error') }, 'Condition'],
  ['a wrong code of a data type', { identifier: [{ use: 'mine', value: '1' }] }, 'Condition.identifier[0].use'],
  ['an instant without a zone', { meta: { lastUpdated: '2026-01-01T00:00:00' } }, 'Condition.meta.lastUpdated'],
  ['no subject', { subject: undefined }, 'Condition.subject']
])('%s is an issue at its place', (_name, more, place) => {
  const resource = JSON.parse(JSON.stringify({ ...condition('wrong', 'Patient/1'), ...more })) as Condition
  const issues = validateFhir(resource)
  expect(issues.flatMap((issue) => issue.expression)).toContain(place)
  expect(issues.every((issue) => issue.severity === 'error')).toBe(true)
})

test.each<[string, Resource, string]>([
  ['a Composition without status', { resourceType: 'Composition' } as Resource, 'Composition.status'],
  ['a Provenance without agent', { resourceType: 'Provenance' } as Resource, 'Provenance.agent']
])('%s is an issue', (_name, resource, place) => {
  expect(validateFhir(resource).flatMap((issue) => issue.expression)).toContain(place)
})

test('an unknown resource type is an issue, not a crash', () => {
  expect(validateFhir({ resourceType: 'Unknown' } as unknown as Resource)).toHaveLength(1)
})

test.each<[string, boolean]>([
  ['<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">Text <b>bold</b><br/>&lt; &amp;</p></div>', true],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><!-- note --><table><tr><td colspan="2">1</td></tr></table></div>', true],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><a href="#x">x</a><img src="data:image/png;base64,AA==" alt="x"/></div>', true],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x()">x</p></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><a href="javascript:x()">x</a></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><a href="&#106;avascript:x()">x</a></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><img src="https://evil.example/x.png"/></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><p style="background:url(x)">x</p></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><iframe src="#"></iframe></div>', false],
  ['<div xmlns="http://www.w3.org/1999/xhtml"><svg onload=x()></svg></div>', false],
  ['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><div>&e;</div>', false],
  ['<div><p <script>></p></div>', false],
  ['text', false]
])('narrative %s is safe: %s', (div, safe) => {
  expect(isSafeNarrative(div)).toBe(safe)
})

test.each([
  `<div${' a="'.repeat(50_000)}`,
  `<div>${'<'.repeat(100_000)}</div>`,
  `<div>${'<!--'.repeat(50_000)}</div>`,
  `<div ${'a '.repeat(50_000)}></div>`
])('a hostile narrative is judged quickly (%#)', (div) => {
  const start = performance.now()
  isSafeNarrative(div)
  expect(performance.now() - start).toBeLessThan(500)
})

test('a number or a boolean where an object must stand is refused', () => {
  for (const subject of [5, true]) {
    const resource = { resourceType: 'Condition', code: { text: 'x' }, subject } as unknown as Resource
    expect(validateFhir(resource)).toMatchObject([{ severity: 'error', code: 'structure', expression: ['Condition.subject'] }])
  }
})
