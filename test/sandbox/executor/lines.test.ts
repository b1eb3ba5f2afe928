import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decoder } from '../../../lib/sandbox/executor/reads/decoder.ts'
import { createLineDecoder } from '../../../lib/sandbox/executor/reads/lines.ts'
import { invalidAt } from '../../../lib/sandbox/executor/reads/utf8.ts'

/** Decodes `bytes` in chunks of `size`. */
function decodeInChunks(decoder: Decoder, bytes: Uint8Array, size: number) {
  const batches = []
  for (let at = 0; at < bytes.length; at += size) batches.push(...decoder.decode(bytes.subarray(at, at + size), false))
  return [...batches, ...decoder.decode(new Uint8Array(0), true)]
}

function linesOf(text: string, size = 1024): string[] {
  const batches = decodeInChunks(createLineDecoder(), Buffer.from(text), size)
  return batches.flatMap(({ text: lines }) => lines!.split('\n'))
}

describe('lines', () => {
  test.each([
    ['nothing', '', []],
    ['one line without an end', 'a', ['a']],
    ['one line with an end', 'a\n', ['a']],
    ['an empty line', '\n', ['']],
    ['empty lines between others', 'a\n\nb\n', ['a', '', 'b']],
    ['ends of Windows', 'a\r\nb\r\n', ['a', 'b']],
    ['a return inside a line', 'a\rb\n', ['a\rb']],
    ['a return at the very end', 'a\r', ['a\r']],
    ['a byte order mark', '\ufeffa\nb', ['a', 'b']],
  ])('of %s', (_what, text, lines) => {
    for (const size of [1, 2, 3, 1024]) if (text[0] !== '\ufeff' || size > 2) expect(linesOf(text, size)).toEqual(lines)
  })

  test('are the same however the object is split into chunks', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n\ufeff]/g, ''))
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 30 }), (lines, size) => {
        expect(linesOf(lines.map((text) => `${text}\n`).join(''), size)).toEqual(lines)
      }),
    )
  })

  test('come in batches of about 256 KiB that end with a line', () => {
    const bytes = Buffer.from(`${'x'.repeat(99)}\n`.repeat(10_000))
    const batches = [...createLineDecoder().decode(bytes, true)]
    expect(batches.length).toBe(4)
    for (const { text, end } of batches) expect([end! % 100, text!.length]).toEqual([0, expect.any(Number)])
    expect(batches.at(-1)!.end).toBe(bytes.length)
  })

  test('longer than a batch stay whole', () => {
    const long = 'y'.repeat(700_000)
    expect(linesOf(`a\n${long}\nb\n`, 100_000)).toEqual(['a', long, 'b'])
  })

  test('resumed at the end of a batch give the rest', () => {
    const bytes = Buffer.from('0123456789\n'.repeat(50_000))
    const [first] = createLineDecoder().decode(bytes, true)
    const rest = createLineDecoder(first!.end).decode(bytes.subarray(first!.end), true)
    expect([first!, ...rest].flatMap(({ text }) => text!.split('\n')).length).toBe(50_000)
  })

  test('that are not UTF-8 are refused', () => {
    expect(() => [...createLineDecoder().decode(Buffer.from([0x61, 0xff, 0x0a]), true)]).toThrow('not UTF-8 at byte 1')
  })

  test('that are not UTF-8 are refused after the lines before them', () => {
    const batches = createLineDecoder(100).decode(Buffer.from('a\nb\nc\xffd\ne\n', 'latin1'), true)[Symbol.iterator]()
    expect(batches.next().value).toEqual({ text: 'a\nb', end: 104 })
    expect(() => batches.next()).toThrow('not UTF-8 at byte 105')
  })

  test('the first byte that is not UTF-8 is found', () => {
    const broken = fc.constantFrom(
      [0xff],
      [0x80],
      [0xc3],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x92],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
    )
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        broken,
        fc.string({ unit: 'binary-ascii' }),
        (before, bytes, after) => {
          const good = Buffer.from(before)
          expect(invalidAt(Buffer.concat([good, Buffer.from(bytes), Buffer.from(after)]))).toBe(good.length)
        },
      ),
    )
  })

  test('above the longest line are refused', () => {
    const decoder = createLineDecoder()
    expect(() => {
      for (let chunk = 0; chunk < 20; chunk++) Array.from(decoder.decode(Buffer.alloc(1024 * 1024, 0x61), false))
    }).toThrow('longer than 16 MiB')
  })
})
