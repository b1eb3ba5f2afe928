import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  backoffMs,
  checkRange,
  parseContentRange,
  planParts,
  rangeHeader,
  remainingPart,
} from '../../lib/objects/read-plan.ts'

test('parts divide a range into equal pieces and a shorter last one', () => {
  expect([...planParts(0, 20, () => 8)]).toEqual([
    { start: 0, end: 8 },
    { start: 8, end: 16 },
    { start: 16, end: 20 },
  ])
})

test('parts start at the start of the range', () => {
  expect([...planParts(5, 21, () => 8)]).toEqual([
    { start: 5, end: 13 },
    { start: 13, end: 21 },
  ])
})

test('a range up to the size of a part is one part, an empty one is none', () => {
  expect([...planParts(0, 8, () => 8)]).toEqual([{ start: 0, end: 8 }])
  expect([...planParts(3, 3, () => 8)]).toEqual([])
})

test('parts are computed on demand, so that a plan for the largest object takes no memory', () => {
  const parts = planParts(0, 50 * 2 ** 40, () => 1)
  expect(parts.next().value).toEqual({ start: 0, end: 1 })
})

test('parts join to the range, and none is empty or too large', () => {
  const bytes = fc.nat({ max: 100 })
  fc.assert(
    fc.property(bytes, bytes, fc.integer({ min: 1, max: 40 }), (start, length, partBytes) => {
      let at = start
      for (const part of planParts(start, start + length, () => partBytes)) {
        expect(part.start).toBe(at)
        expect(part.end - part.start).toBeGreaterThan(0)
        expect(part.end - part.start).toBeLessThanOrEqual(partBytes)
        at = part.end
      }
      expect(at).toBe(start + length)
    }),
  )
})

test('the rest of a part starts after the bytes received', () => {
  expect(remainingPart({ start: 8, end: 16 }, 3)).toEqual({ start: 11, end: 16 })
})

test('the last byte of a Range header is inclusive', () => {
  expect(rangeHeader({ start: 0, end: 1 })).toBe('bytes=0-0')
  expect(rangeHeader({ start: 8, end: 16 })).toBe('bytes=8-15')
})

test('a Content-Range header gives part and size', () => {
  expect(parseContentRange('bytes 8-15/100')).toEqual({ start: 8, end: 16, size: 100 })
})

test.each([undefined, '', 'bytes */100', 'bytes 0-1/*', 'items 0-1/2', 'bytes 0-1/2 '])('%j is no part', (header) => {
  expect(parseContentRange(header)).toBeUndefined()
})

const ref = { bucket: 'b', key: 'k' }

test.each([
  [0, 0, 0],
  [0, 3, 3],
  [3, 3, 3],
  [0, Number.MAX_SAFE_INTEGER, undefined],
])('[%d, %d) is a range of %s bytes', (start, end, size) => {
  expect(() => checkRange({ ...ref, start, end }, size)).not.toThrow()
})

test.each([
  [0, 4, 3],
  [4, 4, 3],
  [2, 1, 3],
  [-1, 1, 3],
  [0.5, 1, 3],
  [0, Number.NaN, undefined],
  [0, Number.POSITIVE_INFINITY, undefined],
  [0, 2 ** 53, undefined],
])('[%d, %d) is no range of %s bytes', (start, end, size) => {
  expect(() => checkRange({ ...ref, start, end }, size)).toThrow(
    expect.objectContaining({ code: 'OBJECT_RANGE_INVALID' }),
  )
})

test('a range error contains range, size and object', () => {
  expect(() => checkRange({ ...ref, start: 0, end: 4 }, 3)).toThrow('[0, 4) is not within the 3 bytes of object "b/k"')
  expect(() => checkRange({ ...ref, start: 2, end: 1 })).toThrow('[2, 1) is not a range of object "b/k"')
})

test('backoff is random below a ceiling that doubles up to five seconds', () => {
  const almostOne = () => 1 - Number.EPSILON
  expect([0, 1, 2, 3].map((retry) => Math.round(backoffMs(retry, almostOne)))).toEqual([50, 100, 200, 400])
  expect(Math.round(backoffMs(40, almostOne))).toBe(5_000)
  expect(backoffMs(3, () => 0.25)).toBe(100)
})
