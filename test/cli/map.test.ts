import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { partners } from '../support/entities.ts'
import { ligature, tempFolder } from './run-ligature.ts'

const folder = tempFolder()
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return name
}

const spry = fileURLToPath(new URL('../../mappings/spry/examples/', import.meta.url))

for (const partner of partners) {
  const examples = fileURLToPath(new URL('examples/', partner.folder))
  const names = readdirSync(examples).flatMap((name) => /^(.+)\.source\.json$/.exec(name)?.[1] ?? [])
  describe.concurrent.each(names)(`ligature map ${partner.name}, %s`, { timeout: 60_000 }, (name) => {
    const entity = partner.entities.find((one) => one.name === name) ?? partner.entities.find((one) => name.startsWith(one.name))
    const [source, bundle, context] = ['source', 'fhir', 'context'].map((kind) => join(examples, `${name}.${kind}.json`)) as [
      string,
      string,
      string
    ]
    const mapping = `${partner.name}/${entity?.name}`
    const given = existsSync(context) ? ['--context', context] : []

    test('prints the bundle', async () => {
      const ran = await ligature(['map', mapping, source, ...given])
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(ran.stdout)).toEqual(read(bundle))
    })

    test('prints the record again, onto its base', async () => {
      const base = { ...read(source), ...(given.length > 0 ? read(context) : {}) }
      const ran = await ligature(['map', mapping, '--back', bundle, '--base', '-'], { input: JSON.stringify(base) })
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(ran.stdout)).toEqual(base)
    })
  })
}

describe.concurrent('ligature map', { timeout: 60_000 }, () => {
  test('comes back from the bundle alone', async () => {
    const ran = await ligature(['map', 'spry/case', '--back', `${spry}case.fhir.json`])
    expect(JSON.parse(ran.stdout)).toEqual(read(`${spry}case.source.json`))
  })

  test('reads standard input', async () => {
    const ran = await ligature(['map', 'spry/case', '-'], { input: readFileSync(`${spry}case.source.json`, 'utf8') })
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.stdout)).toEqual(read(`${spry}case.fhir.json`))
  })

  test('uses the identifiers of the connection that is named', async () => {
    const ran = await ligature(['map', 'spry/case', `${spry}case.source.json`, '--connection', 'spry-east'], { folder })
    expect(ran.stdout).toContain('https://fhir.example.org/sid/spry-east/case')
    expect(ran.stdout).not.toContain('/sid/spry/')
  })

  test('an unreadable value is an issue on standard error, and the rest is mapped', async () => {
    const input = JSON.stringify({ ...read(`${spry}case.source.json`), treatment_status: 'PAUSED' })
    const ran = await ligature(['map', 'spry/case', '-'], { input })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('treatment_status → EpisodeOfCare.status')
    expect(JSON.parse(ran.stdout)).toMatchObject({ resourceType: 'Bundle' })
    const asJson = await ligature(['map', 'spry/case', '-', '--json'], { input })
    expect(JSON.parse(asJson.stderr)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'code-invalid' }, {}] })
  })
})

describe.concurrent('bad input ends with code 2 and says what to do', { timeout: 60_000 }, () => {
  const two = read(`${spry}case.fhir.json`) as {
    entry: { fullUrl: string; resource: { resourceType: string; identifier: object[] } }[]
  }
  const episode = structuredClone(two.entry.find(({ resource }) => resource.resourceType === 'EpisodeOfCare'))
  if (episode) {
    episode.fullUrl = 'urn:uuid:00000000-0000-4000-8000-000000000000'
    episode.resource.identifier = [{ system: 'https://fhir.example.org/sid/spry/case', value: 'another' }]
    two.entry.push(episode)
  }
  const wrong = readFileSync(`${spry}case.fhir.json`, 'utf8').replace('"text": "Stable Burst Fracture"', '"text": 5')

  test.for<[string, string[], RegExp]>([
    ['an unknown mapping', ['spry/cse', 'x'], /no mapping for 'spry\/cse'.*spry\/case, spry\/icd-code/],
    ['a missing file', ['spry/case', 'nowhere.json'], /nowhere\.json cannot be read: there is no such file/],
    ['a folder', ['spry/case', '.'], /cannot be read: it is a folder/],
    ['no JSON', ['spry/case', file('comma.json', '{"a": 1,\n  "b": [1,, 2]}')], /comma\.json is not JSON: line 2, column 11/],
    ['half a file', ['spry/case', file('half.json', '{"a": [1')], /half\.json is not JSON: line 1, column 9: it ends where/],
    ['no UTF-8', ['spry/case', file('latin.json', '')], /latin\.json is not JSON/],
    ['an array', ['spry/case', file('array.json', '[]')], /array\.json: \(root\): record is an object, and this is an array/],
    [
      'a record without its key',
      ['spry/case', file('keyless.json', '{"patient_id": 7}')],
      /keyless\.json: spry_case_id: is missing.*\n.*--context/
    ],
    ['a bundle without --back', ['spry/case', `${spry}case.fhir.json`], /is a Bundle\. Add --back/],
    ['no bundle with --back', ['spry/case', '--back', `${spry}case.source.json`], /Bundle\.resourceType: this is not a Bundle/],
    [
      'no anchor',
      ['spry/case', '--back', file('none.json', '{"resourceType":"Bundle","type":"collection","entry":[]}')],
      /no EpisodeOfCare/
    ],
    [
      'two anchors',
      ['spry/case', '--back', file('two.json', JSON.stringify(two))],
      /Bundle\.entry: 2 EpisodeOfCare .*one at a time/
    ],
    [
      'a resource that is not R4',
      ['spry/case', '--back', file('wrong.json', wrong)],
      /wrong\.json: Bundle\.entry\[\d+\]: Condition\.code\.text/
    ],
    [
      'the base of another record',
      ['spry/case', '--back', `${spry}case.fhir.json`, '--base', file('other.json', '{"spry_case_id": "x"}')],
      /spry_case_id: the record is not the one/
    ],
    ['a base on the way to FHIR', ['spry/case', 'x', '--base', 'y'], /--base belongs to the way back/],
    ['two files from one standard input', ['spry/case', '-', '--context', '-'], /read once/],
    ['too few arguments', ['spry/case'], /missing required argument 'FILE'/],
    ['an unknown option', ['spry/case', 'x', '--wat'], /unknown option '--wat'/]
  ])('%s', async ([, args, message]) => {
    const ran = await ligature(['map', ...args], { folder })
    expect(ran.stderr).toMatch(message)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
  })

  test('and never repeats what is in the file', async () => {
    const broken = file('private.json', '{"case_title": "Broken heart", "patient_id": Smith}')
    const ran = await ligature(['map', 'spry/case', broken], { folder })
    expect(ran.stderr).toMatch(/line 1, column 46/)
    expect(ran.stderr).not.toMatch(/Broken heart|Smith/)
  })
})
