import { expect, test } from 'vitest'
import { PartSizes } from '../../lib/objects/part-sizes.ts'

const MIB = 2 ** 20
const FAST_MS = 10
const SLOW_MS = 100

test('parts are of the usual size at first, and where they come as from S3', () => {
  const sizes = new PartSizes(8 * MIB)
  expect(sizes.next).toBe(8 * MIB)
  sizes.observe(8 * MIB, SLOW_MS)
  expect(sizes.next).toBe(8 * MIB)
})

test('parts that come fast are followed by larger ones, up to sixteen times the usual', () => {
  const sizes = new PartSizes(8 * MIB)
  const seen = [1, 2, 3].map(() => {
    sizes.observe(8 * MIB, FAST_MS)
    return sizes.next / MIB
  })
  expect(seen).toEqual([32, 128, 128])
})

test('one slow part, and they are as small as ever', () => {
  const sizes = new PartSizes(8 * MIB)
  sizes.observe(8 * MIB, FAST_MS)
  sizes.observe(32 * MIB, 4 * SLOW_MS)
  expect(sizes.next).toBe(8 * MIB)
})

test('a rest says nothing, however fast it came', () => {
  const sizes = new PartSizes(8 * MIB)
  sizes.observe(8 * MIB - 1, 0)
  expect(sizes.next).toBe(8 * MIB)
})

test('all of a usual part may wait for the reader, and little of a larger one', () => {
  const sizes = new PartSizes(8 * MIB)
  expect([MIB, 8 * MIB, 32 * MIB].map((bytes) => sizes.waiting(bytes) / MIB)).toEqual([8, 8, 2])
})
