import { expect, test } from 'vitest'
import { bitString, der, objectId, sequence, time } from '../../../lib/local/tls/der.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test.each([
  [0, '0400'],
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65_536, '0483010000'],
])('a length of %d has as few octets as it can have', (length, head) => {
  expect(hex(der(0x04, Buffer.alloc(length)).subarray(0, head.length / 2))).toBe(head)
})

// The first is the example of X.690 §8.19.5; the others are from RFC 5480 and RFC 5280.
test.each([
  ['2.999.3', '0603883703'],
  ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
  ['2.5.29.15', '0603551d0f'],
])('the object identifier %s is %s', (dotted, octets) => {
  expect(hex(objectId(dotted))).toBe(octets)
})

test('bit strings state the number of unused bits', () => {
  expect(hex(sequence(bitString(Uint8Array.of(0x04), 2)))).toBe('300403020204')
})

test('a year has two digits until 2049, and four from then on', () => {
  expect(String(time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)).subarray(2))).toBe('491231235959Z')
  expect(String(time(Date.UTC(2050, 0, 1)).subarray(2))).toBe('20500101000000Z')
  expect([time(Date.UTC(2049, 0))[0], time(Date.UTC(2050, 0))[0]]).toEqual([0x17, 0x18])
})
