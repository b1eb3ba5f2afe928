import { expect, test } from 'vitest'
import { PartSizes } from '../../lib/objects/part-sizes.ts'

const MIB = 2 ** 20
const FAST_MS = 10
const SLOW_MS = 100

test('parts have the usual size at first, and while they arrive at S3’s usual rate', () => {
  const sizes = new PartSizes(8 * MIB)
  expect(sizes.next).toBe(8 * MIB)
  sizes.observe(8 * MIB, SLOW_MS)
  expect(sizes.next).toBe(8 * MIB)
})

test('fast parts are followed by larger ones, up to sixteen times the usual size', () => {
  const sizes = new PartSizes(8 * MIB)
  const seen = [1, 2, 3].map(() => {
    sizes.observe(8 * MIB, FAST_MS)
    return sizes.next / MIB
  })
  expect(seen).toEqual([32, 128, 128])
})

test('one slow part resets the size', () => {
  const sizes = new PartSizes(8 * MIB)
  sizes.observe(8 * MIB, FAST_MS)
  sizes.observe(32 * MIB, 4 * SLOW_MS)
  expect(sizes.next).toBe(8 * MIB)
})

test('ignores the rate of a part that is smaller than usual', () => {
  const sizes = new PartSizes(8 * MIB)
  sizes.observe(8 * MIB - 1, 0)
  expect(sizes.next).toBe(8 * MIB)
})

test('buffers a whole usual part for the reader, and little of a larger one', () => {
  const sizes = new PartSizes(8 * MIB)
  expect([MIB, 8 * MIB, 32 * MIB].map((bytes) => sizes.waiting(bytes) / MIB)).toEqual([8, 8, 2])
})
