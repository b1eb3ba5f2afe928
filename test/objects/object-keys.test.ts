import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKeys } from '../../lib/objects/object-keys.ts'

test('a character outside the basic plane sorts after the last one inside, unlike in JavaScript’s string order', () => {
  expect(['\u{1f680}', '\uff01'].sort()).toEqual(['\u{1f680}', '\uff01'])
  expect(['\u{1f680}', '\uff01'].sort(compareKeys)).toEqual(['\uff01', '\u{1f680}'])
})

test('keys compare as their UTF-8 bytes do', () => {
  const units = ['a', '/', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f680}', '\u{10ffff}']
  const key = fc.string({ unit: fc.constantFrom(...units), maxLength: 4 })
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 1000 },
  )
})
