import { describe, expect, test } from 'vitest'
import { type Block, type PhiloxKey, philox } from '../../examples/support/philox.ts'
import { keyOf, RandomStream } from '../../examples/support/random-stream.ts'

/** `philox4x32 10` of the authors' own known answers: counter, key, block. DEShawResearch/random123, tests/kat_vectors. */
const KNOWN_ANSWERS = `
  00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
  ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
  243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1`

const answers = KNOWN_ANSWERS.trim()
  .split('\n')
  .map((line) => line.trim().split(' '))
  .map((words) => words.map((word) => Number.parseInt(word, 16)))

test.each(answers)('Philox gives the known answer to counter %#', (...words) => {
  const counter = words.slice(0, 4) as unknown as Block
  const key = words.slice(4, 6) as unknown as PhiloxKey
  expect(philox(counter, key)).toEqual(words.slice(6))
})

describe('a stream', () => {
  test('is the blocks of Philox, one after the other', () => {
    const stream = new RandomStream({ mission: 'm-1', index: 0xfedcba98 })
    const words = Array.from({ length: 1000 }, () => stream.word())
    const blocks = Array.from({ length: 250 }, (_, n) => philox([n, 0xfedcba98, 0, 0], keyOf('m-1')))
    expect(words).toEqual(blocks.flat())
  })

  test('of another index or mission has other numbers', () => {
    const first = ({ mission = 'm', index = 0 }) => new RandomStream({ mission, index }).word()
    const words = [first({}), first({ index: 1 }), first({ mission: 'n' })]
    expect(new Set(words).size).toBe(3)
  })

  test('is spread evenly over the unit interval', () => {
    const stream = new RandomStream({ mission: 'even', index: 0 })
    const tenths = new Array<number>(10).fill(0)
    for (let n = 0; n < 100_000; n++) tenths[Math.floor(stream.uniform() * 10)]!++
    const distance = tenths.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // The 0.999 quantile of chi-square with 9 degrees of freedom.
    expect(distance).toBeLessThan(27.88)
  })
})

test('missions are told apart by FNV-1a', () => {
  // http://www.isthe.com/chongo/tech/comp/fnv/: of "" and of "foobar", lower word first.
  expect(keyOf('')).toEqual([0x84222325, 0xcbf29ce4])
  expect(keyOf('foobar')).toEqual([0xf73967e8, 0x85944171])
})
