import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../lib/encoding/canonical-json.ts'
import type { Json } from '../../lib/encoding/json.ts'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((number) => number || 0),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4 }),
  ),
})).value

describe('canonical JSON', () => {
  test('sorts names, at every depth, and has no white space', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'ä\n' })).toBe('{"a":"ä\\n","b":[{"c":null,"d":1}]}')
  })

  test('sorts names by UTF-16 code units, as RFC 8785 §3.2.3 does', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6']
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33']
    const text = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])))
    expect(Object.keys(JSON.parse(text)).filter((name) => name !== '1')).toEqual(sorted.filter((name) => name !== '1'))
    expect(text.indexOf('"\\r"')).toBeLessThan(text.indexOf('"1"'))
  })

  test('does not depend on the order of assignment', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      }),
    )
  })

  test('parses to the same value, and is written as the same text', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        const parsed = parseStrictJson(text, { maxLength: text.length })
        expect(canonicalJson(parsed as Json)).toBe(text)
        expect(parsed).toEqual(JSON.parse(text))
      }),
    )
  })

  test.each([
    ['a fraction', 0.5],
    ['an unsafe integer', 2 ** 53],
    ['infinity', Number.POSITIVE_INFINITY],
    ['not a number', Number.NaN],
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a function', () => 0],
    ['a bigint', 1n],
    ['a hole in an array', [undefined]],
  ])('has no text for %s', (_, value) => {
    expect(() => canonicalJson(value as Json)).toThrow(TypeError)
  })
})
