import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64, fromBase64url, toBase64, toBase64url } from '../../lib/encoding/base64url.ts'

const codecs = [
  { name: 'base64', encode: toBase64, decode: fromBase64, theirs: 'base64' },
  { name: 'base64url', encode: toBase64url, decode: fromBase64url, theirs: 'base64url' },
] as const

describe.each(codecs)('$name', ({ encode, decode, theirs }) => {
  test('agrees with Node and gives the bytes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encode(bytes)).toBe(Buffer.from(bytes).toString(theirs))
        expect(decode(encode(bytes))).toEqual(bytes)
      }),
    )
  })

  test('encodes 300 KB', () => {
    const bytes = new Uint8Array(300_000).map((_, index) => index)
    expect(Buffer.from(decode(encode(bytes))).equals(bytes)).toBe(true)
  })

  test('every accepted text is the canonical text of its bytes', () => {
    const alphabet = fc.constantFrom(...'AQgw048Z-_+/= \n!é')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 8 }), (text) => {
        let bytes: Uint8Array
        try {
          bytes = decode(text)
        } catch {
          return
        }
        expect(encode(bytes)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each(['QQ', 'QR==', 'QQ==\n', 'Q Q==', 'QQ=', 'QU!!=JD', '-_-_', 'QQ==QQ=='])('base64 refuses %j', (text) => {
  expect(() => fromBase64(text)).toThrow(SyntaxError)
})

test.each(['QQ==', 'QR', 'Q', '+/+/', 'Q Q', 'QQ\n'])('base64url refuses %j', (text) => {
  expect(() => fromBase64url(text)).toThrow(SyntaxError)
})
