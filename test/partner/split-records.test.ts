import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PageUnreadable, readEnvelope, splitRecords } from '#partner'

/** JSON as it may be written: keys may repeat, letters may be escaped, white space may stand anywhere. */
type Written = { object: [string, Written][] } | { list: Written[] } | { scalar: string | number | boolean | null }

const awkward = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', ' ', 'a', 'é', '😀', '\n') })
const safeText = fc.oneof(fc.string({ unit: 'binary' }), awkward).filter((text) => text !== '__proto__' && text !== 'constructor')
const keyName = fc.oneof(fc.constantFrom('data', 'cases', 'id', ''), safeText)
const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.record({
      scalar: fc.oneof(safeText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))
    }),
    fc.record({ list: fc.array(tie('written'), { maxLength: 4 }) }),
    fc.record({ object: fc.array(fc.tuple(keyName, tie('written')), { maxLength: 5 }) })
  )
}))
const entry: fc.Arbitrary<[string, Written]> = fc.tuple(keyName, written)
const pageDocument: fc.Arbitrary<Written> = fc
  .tuple(fc.array(written, { maxLength: 4 }), fc.array(entry), fc.array(entry), fc.array(entry), fc.array(entry))
  .map(([records, a, b, c, d]) => ({
    object: [...a, ['data', { object: [...b, ['cases', { list: records }], ...c] }], ...d] as [string, Written][]
  }))
const chances = fc.infiniteStream(fc.nat({ max: 99 }))

function print(value: Written, chance: Iterator<number>): string {
  const pick = (): number => chance.next().value ?? 0
  const space = () => ['', '', '', ' ', '\n', '\t \r\n'][pick() % 6]
  const text = (plain: string) =>
    `"${Array.from({ length: plain.length }, (_, at) => {
      const letter = plain.charAt(at)
      const escaped = `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
      const surrogate = letter >= '\ud800' && letter <= '\udfff'
      return pick() < 8 || surrogate ? escaped : JSON.stringify(letter).slice(1, -1)
    }).join('')}"`
  const body =
    'scalar' in value
      ? typeof value.scalar === 'string'
        ? text(value.scalar)
        : JSON.stringify(value.scalar)
      : 'list' in value
        ? `[${value.list.map((item) => print(item, chance)).join(',') || space()}]`
        : `{${value.object.map(([name, item]) => `${space()}${text(name)}${space()}:${print(item, chance)}`).join(',') || space()}}`
  return space() + body + space()
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function recordsByParsing(text: string): readonly unknown[] | undefined {
  const whole: unknown = JSON.parse(text)
  const data = isRecord(whole) ? whole.data : undefined
  const cases = isRecord(data) ? data.cases : undefined
  return Array.isArray(cases) ? cases : undefined
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function recordsBySplitting(text: string): readonly unknown[] {
  const bytes = bytesOf(text)
  const page = splitRecords(bytes, ['data', 'cases'], 'id')
  readEnvelope(bytes, page)
  return page.records.map(({ start, end }): unknown => JSON.parse(textOf(bytes.subarray(start, end))))
}

test('every page splits into the records that JSON.parse finds', () => {
  fc.assert(
    fc.property(pageDocument, chances, (document, stream) => {
      const text = print(document, stream[Symbol.iterator]())
      const expected = recordsByParsing(text)
      if (expected === undefined) expect(() => recordsBySplitting(text)).toThrow(PageUnreadable)
      else expect(recordsBySplitting(text)).toEqual(expected)
    }),
    { numRuns: 400 }
  )
})

test('the envelope is the document with its array emptied', () => {
  fc.assert(
    fc.property(pageDocument, chances, (document, stream) => {
      const text = print(document, stream[Symbol.iterator]())
      if (recordsByParsing(text) === undefined) return
      const bytes = bytesOf(text)
      const envelope = readEnvelope(bytes, splitRecords(bytes, ['data', 'cases']))
      const whole = JSON.parse(text) as { data: { cases: unknown[] } }
      whole.data.cases = []
      expect(envelope).toEqual(whole)
    }),
    { numRuns: 300 }
  )
})

test('the key of a record is the one that JSON.parse finds', () => {
  fc.assert(
    fc.property(pageDocument, chances, (document, stream) => {
      const text = print(document, stream[Symbol.iterator]())
      const records = recordsByParsing(text)
      if (records === undefined) return
      const keys = records.map((record) => {
        const id = isRecord(record) ? record.id : undefined
        return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
      })
      expect(splitRecords(bytesOf(text), ['data', 'cases'], 'id').records.map(({ key }) => key)).toEqual(keys)
    }),
    { numRuns: 400 }
  )
})

test('what is no JSON is unreadable as a page, or as one of its parts', () => {
  const damage = fc.tuple(fc.nat(), fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', 'x', ' '), fc.nat({ max: 3 }))
  fc.assert(
    fc.property(pageDocument, chances, damage, (document, stream, [where, put, drop]) => {
      const whole = print(document, stream[Symbol.iterator]())
      const at = where % (whole.length + 1)
      const text = whole.slice(0, at) + put + whole.slice(at + drop)
      let expected: readonly unknown[] | undefined
      try {
        expected = recordsByParsing(text)
      } catch {
        expected = undefined
      }
      if (expected === undefined) expect(() => recordsBySplitting(text)).toThrow()
      else expect(recordsBySplitting(text)).toEqual(expected)
    }),
    { numRuns: 1000 }
  )
})

test('a page cut off anywhere is unreadable', () => {
  const text = '{"code":2000,"data":{"cases":[{"id":"a","note":"say \\"hi\\" [1]"},{"id":"b"}],"total":2}}'
  for (let length = 0; length < text.length; length++) {
    expect(() => splitRecords(bytesOf(text.slice(0, length)), ['data', 'cases'], 'id')).toThrow(PageUnreadable)
  }
  expect(splitRecords(bytesOf(text), ['data', 'cases'], 'id').records.map(({ key }) => key)).toEqual(['a', 'b'])
})

test('a page may be the array itself, and may begin with a byte order mark', () => {
  const bytes = bytesOf('\ufeff [ {"id":1} , 2 ] ')
  const page = splitRecords(bytes, [], 'id')
  expect(page.records.map(({ start, end }) => textOf(bytes.subarray(start, end)))).toEqual(['{"id":1}', '2'])
  expect(page.records.map(({ key }) => key)).toEqual(['1', undefined])
})

test('a page that cannot be read names the place and no content', () => {
  expect(() => splitRecords(bytesOf('{"data":{"cases":[{"name":"ROSA"} {"name":"ANA"}]}}'), ['data', 'cases'])).toThrow(
    'The page is no valid JSON: a comma or the end of the array was expected at byte 34'
  )
  expect(() => splitRecords(bytesOf('{"data":null}'), ['data', 'cases'])).toThrow('The page has no array at data.cases')
})
