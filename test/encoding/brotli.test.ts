import { brotliCompressSync, constants } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, inflateExactly } from '../../lib/encoding/brotli.ts'
import { concatBytes, utf8 } from '../../lib/encoding/bytes.ts'

describe('Brotli', () => {
  test('returns the bytes, and compresses deterministically', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const stream = compress(bytes)
        expect(compress(bytes)).toEqual(stream)
        expect(inflateExactly(stream, bytes.length)).toEqual(bytes)
      }),
    )
  })

  const text = utf8('a line of text\n'.repeat(20))
  const stream = compress(text)

  test.each([
    ['one byte fewer than stated', text.length + 1],
    ['one byte more than stated', text.length - 1],
    ['bytes where none are stated', 0],
  ])('refuses a stream that gives %s', (_, length) => {
    expect(() => inflateExactly(stream, length)).toThrow(SyntaxError)
  })

  test('refuses a stream with a byte, or another stream, after it', () => {
    expect(() => inflateExactly(concatBytes(stream, Uint8Array.of(0)), text.length)).toThrow('bytes follow the stream')
    expect(() => inflateExactly(concatBytes(stream, stream), text.length)).toThrow(SyntaxError)
    expect(() => inflateExactly(concatBytes(compress(new Uint8Array()), stream), 0)).toThrow(SyntaxError)
  })

  test('refuses a truncated stream', () => {
    for (let length = 0; length < stream.length; length++)
      expect(() => inflateExactly(stream.subarray(0, length), text.length)).toThrow(SyntaxError)
  })

  test('stops decompressing at the stated length', () => {
    const bomb = brotliCompressSync(new Uint8Array(64 * 1024 * 1024), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
    })
    expect(bomb.length).toBeLessThan(1000)
    const before = process.memoryUsage().arrayBuffers
    expect(() => inflateExactly(bomb, 1000)).toThrow(SyntaxError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
  })
})
