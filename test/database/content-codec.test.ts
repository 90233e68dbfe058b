import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeContent, encodeContent, UnknownContentFormat } from '../../src/database/content-codec.ts'

test('every JSON value comes back as it went', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(decodeContent(encodeContent(value))).toEqual(JSON.parse(JSON.stringify(value)))
    })
  )
})

test('bytes that are a view into a larger buffer are read from their own start', () => {
  const larger = Buffer.concat([Buffer.from('xx'), encodeContent({ a: 'ä' }), Buffer.from('yy')])
  expect(decodeContent(new Uint8Array(larger.buffer, larger.byteOffset + 2, larger.length - 4))).toEqual({ a: 'ä' })
})

test('an unknown format names itself instead of being guessed', () => {
  expect(() => decodeContent(Buffer.from([7, 1, 2]))).toThrow(UnknownContentFormat)
  expect(() => decodeContent(Buffer.alloc(0))).toThrow('format none')
})

test('what is no JSON value is refused', () => {
  expect(() => encodeContent(undefined)).toThrow(TypeError)
})
