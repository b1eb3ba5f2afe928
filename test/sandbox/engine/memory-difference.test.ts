import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyDifference, differenceOf } from '../../../lib/sandbox/engine/memory-difference.ts'

const PAGE = 65_536

/** A memory of some pages, and another that has grown and differs in places. */
const memories = fc
  .record({
    pages: fc.integer({ min: 1, max: 3 }),
    more: fc.integer({ min: 0, max: 2 }),
    writes: fc.array(fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 })), { maxLength: 40 }),
  })
  .map(({ pages, more, writes }) => {
    const base = Uint8Array.from({ length: pages * PAGE }, (_, i) => (i * 31) & 0xff)
    const memory = new Uint8Array((pages + more) * PAGE)
    memory.set(base)
    for (const [at, bytes] of writes) memory.set(bytes, at % (memory.length - 40))
    return { base, memory }
  })

function grown(base: Uint8Array, bytes: number): Uint8Array {
  const memory = new Uint8Array(bytes)
  memory.set(base)
  return memory
}

describe('a memory difference', () => {
  test('turns the base image into the memory, whatever changed', () => {
    fc.assert(
      fc.property(memories, ({ base, memory }) => {
        const difference = differenceOf(base, memory)
        const restored = grown(base, difference.bytes)
        applyDifference(restored, difference)
        expect(Buffer.compare(restored, memory)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('is empty where nothing changed', () => {
    const base = new Uint8Array(PAGE).fill(7)
    expect(differenceOf(base, base)).toMatchObject({ runs: new Uint8Array(), words: Buffer.alloc(0), bytes: PAGE })
  })

  const difference = differenceOf(new Uint8Array(PAGE), new Uint8Array(PAGE).fill(1, 100, 200))
  test.each([
    ['does not fit into the memory', { ...difference, runs: Uint8Array.of(255, 255, 127, 25) }],
    ['lacks words', { ...difference, words: difference.words.subarray(4) }],
    ['has words left', { ...difference, words: Buffer.concat([difference.words, Buffer.alloc(4)]) }],
    ['ends in the middle of a number', { ...difference, runs: Uint8Array.of(128) }],
    ['has a number without end', { ...difference, runs: new Uint8Array(20).fill(255) }],
  ])('is refused when it %s', (_, broken) => {
    expect(() => applyDifference(new Uint8Array(PAGE), broken)).toThrow('does not fit the memory')
  })
})
