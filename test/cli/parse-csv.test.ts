import { expect, test } from 'vitest'
import { parseCsv } from '../../src/cli/parse-csv.ts'

test('quotes, commas and line breaks inside quotes, empty lines, a byte order mark', () => {
  expect(parseCsv('\ufeffa,b\r\n1,"x, ""y""\nz"\r\n\r\n2,\n')).toEqual({
    heading: ['a', 'b'],
    rows: [
      { line: 2, values: { a: '1', b: 'x, "y"\nz' } },
      { line: 5, values: { a: '2', b: '' } }
    ]
  })
})

test('a last line without an end, and one that ends in a comma', () => {
  expect(parseCsv('a,b\n1,2')).toMatchObject({ rows: [{ values: { a: '1', b: '2' } }] })
  expect(parseCsv('a,b\n1,')).toMatchObject({ rows: [{ values: { a: '1', b: '' } }] })
})

test.for([
  ['a,b\n1,2,3', 'line 2: it has 3 fields, and the first line names 2'],
  ['a\n"1', 'line 2: a quote is missing'],
  ['a\n1"2"', 'line 2: a quote is missing, or stands in the middle of a field']
] as const)('%s', ([text, problem]) => {
  expect(parseCsv(text)).toEqual({ problem: expect.stringContaining(problem) })
})

test('nothing at all', () => {
  expect(parseCsv('')).toEqual({ heading: [], rows: [] })
})
