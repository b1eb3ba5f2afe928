import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

function attempt(text: string): unknown {
  try {
    return parseStrictJson(text, { maxLength: text.length })
  } catch (error) {
    return error
  }
}

describe('strict JSON', () => {
  test('reads what JSON.parse reads, unless an integer is not safe', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const value = attempt(text)
        if (value instanceof SyntaxError) expect(value.message).toBe('an integer is not safe')
        else expect(value).toEqual(JSON.parse(text))
      }),
    )
  })

  test('refuses every text that JSON.parse refuses, and parses all others to the same value', () => {
    const pieces = fc.constantFrom(...'{}[]:, "\\u0"1-.eE'.split(''), 'true', 'null', '"a"', '\t', '\u00a0', 'NaN')
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 12 }), (text) => {
        const value = attempt(text)
        if (!(value instanceof SyntaxError)) expect(value).toEqual(JSON.parse(text))
      }),
      { numRuns: 5000 },
    )
  })

  test('reads bytes, white space, fractions and escapes', () => {
    expect(parseStrictJson(utf8(' { "a\\u00e4" : [ 1.5e0 , -0.25 , "\\"" ] }\n'))).toEqual({ aä: [1.5, -0.25, '"'] })
  })

  test.each([
    ['nothing', ''],
    ['white space alone', ' \n'],
    ['a value and more', '1 2'],
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice, once in escapes', '{"a":1,"\\u0061":1}'],
    ['a name twice, deep inside', '[{"b":{"a":1,"a":2}}]'],
    ['an unsafe integer', '9007199254740992'],
    ['an unsafe negative integer', '-9007199254740993'],
    ['an unsafe integer in disguise', '1e300'],
    ['an infinite number', '1e999'],
    ['a leading zero', '01'],
    ['a plus sign', '+1'],
    ['a bare point', '1.'],
    ['a comma at the end of an array', '[1,]'],
    ['a comma at the end of an object', '{"a":1,}'],
    ['a missing colon', '{"a" 1}'],
    ['a name without quotes', '{a:1}'],
    ['an open string', '"a'],
    ['an unknown escape', '"\\x41"'],
    ['a control character in a string', '"\n"'],
    ['a comment', '/**/1'],
    ['a byte order mark', '\ufeff1'],
    ['a no-break space', '\u00a01'],
    ['NaN', 'NaN'],
    ['a cut word', 'tru'],
    ['an open array', '[1'],
    ['an open object', '{"a":1'],
  ])('refuses %s', (_, text) => {
    expect(() => parseStrictJson(text)).toThrow(SyntaxError)
  })

  test('refuses bytes that are not UTF-8', () => {
    expect(() => parseStrictJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(SyntaxError)
  })

  test('accepts 16 levels, and refuses 17 and 100,000', () => {
    expect(parseStrictJson(nested(16))).toEqual(JSON.parse(nested(16)))
    expect(() => parseStrictJson(nested(17))).toThrow('deeper than 16')
    expect(() => parseStrictJson(nested(100_000), { maxLength: 200_000 })).toThrow('deeper than 16')
    expect(() => parseStrictJson(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)).toThrow('deeper than 16')
  })

  test('checks the length before it parses', () => {
    expect(parseStrictJson('"abc"', { maxLength: 5 })).toBe('abc')
    expect(() => parseStrictJson('"abcd"', { maxLength: 5 })).toThrow('longer than 5')
    expect(() => parseStrictJson(utf8('"éé"'), { maxLength: 5 })).toThrow('longer than 5')
    expect(() => parseStrictJson(`"${'x'.repeat(16 * 1024)}"`)).toThrow('longer than 16384')
  })

  test('accepts a string of a megabyte', () => {
    const text = 'x\\n'.repeat(350_000)
    expect(parseStrictJson(`"${text}"`, { maxLength: 2 ** 21 })).toHaveLength(700_000)
  })

  test('makes __proto__ an ordinary member', () => {
    const value = parseStrictJson('{"__proto__":{"admin":true},"constructor":1}') as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(value.admin).toBeUndefined()
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })
})
