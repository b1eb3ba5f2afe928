import { describe, expect, test } from 'vitest'
import { differenceOf } from '../../../lib/sandbox/engine/memory-difference.ts'
import { decodeSnapshot, encodeSnapshot, type Notes } from '../../../lib/sandbox/wire/snapshot.ts'

const PAGE = 65_536
const notes: Notes = { waiting: { kind: 'stay' }, now: 1, timers: [], streams: [], leftBehind: [] }

describe('a snapshot', () => {
  const state = encodeSnapshot({ memory: differenceOf(new Uint8Array(PAGE), new Uint8Array(PAGE).fill(1)), notes })

  test('is read as it was written', () => {
    const memory = { base: 'the digest', bytes: 9, runs: Uint8Array.of(1, 2), words: Uint8Array.of(1, 2, 3, 4) }
    const { memory: read, notes: told } = decodeSnapshot(encodeSnapshot({ memory, notes }))
    expect({ ...read, runs: [...read.runs], words: [...read.words] }).toEqual({
      ...memory,
      runs: [1, 2],
      words: [1, 2, 3, 4],
    })
    expect(told).toEqual(notes)
  })

  test('is refused when it is cut before its words, or is something else', () => {
    for (const length of [0, 3, 4, 20, 120]) expect(() => decodeSnapshot(state.subarray(0, length))).toThrow()
    expect(() => decodeSnapshot(Buffer.from('\0\0\0\x02{}\0\0\0\0'))).toThrow()
  })
})
