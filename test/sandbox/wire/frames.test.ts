import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame, FrameError, FrameReader } from '../../../lib/sandbox/wire/frames.ts'

const limits = { headerBytes: 1024, bodyBytes: 4096 }

function inPieces(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? 1)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

describe('frames', () => {
  test('come out as they went in, however the pipe cuts them', () => {
    const frame = fc.record({
      header: fc.dictionary(fc.string(), fc.integer()),
      body: fc.uint8Array({ maxLength: 200 }),
    })
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1 }), fc.array(fc.integer({ min: 1, max: 40 })), (frames, sizes) => {
        const bytes = Buffer.concat(frames.flatMap(({ header, body }) => encodeFrame(header, body)))
        const reader = new FrameReader({ headerBytes: 1e6, bodyBytes: 1e6 })
        const read: Frame[] = inPieces(bytes, sizes).flatMap((piece) => [...reader.push(piece)])
        expect(read.map(({ header, body }) => ({ header, body: [...body] }))).toEqual(
          frames.map(({ header, body }) => ({ header: JSON.parse(JSON.stringify(header)), body: [...body] })),
        )
      }),
    )
  })

  test('have a body of several pieces, which are not joined', () => {
    const pieces = [Buffer.from('one '), Buffer.from('two')]
    expect(encodeFrame({}, ...pieces).slice(1)).toEqual(pieces)
  })

  test('are read into the reader’s buffers, in pieces of any size', () => {
    const frame = { header: { a: 1 }, body: Buffer.from('some bytes') }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sizes) => {
        const reader = new FrameReader(limits)
        let rest: Uint8Array = Buffer.concat([...encodeFrame(frame.header, frame.body), ...encodeFrame({})])
        const read: Frame[] = []
        for (let turn = 0; rest.length > 0; turn++) {
          const count = Math.min(rest.length, reader.room.length, sizes[turn % sizes.length]!)
          reader.room.set(rest.subarray(0, count))
          rest = rest.subarray(count)
          const complete = reader.advance(count)
          if (complete !== undefined) read.push(complete)
        }
        expect(read.map(({ header }) => header)).toEqual([frame.header, {}])
        expect(Buffer.from(read[0]!.body)).toEqual(frame.body)
      }),
    )
  })

  test('have a body with its own buffer, so it can be transferred', () => {
    const [frame] = [...new FrameReader(limits).push(Buffer.concat(encodeFrame({}, Buffer.from('body'))))]
    expect(frame!.body.buffer.byteLength).toBe(4)
  })

  test.each([
    ['a header', encodeFrame({ long: 'x'.repeat(2000) })],
    ['a body', encodeFrame({}, Buffer.alloc(5000))],
  ])('are refused before %s that is too large is allocated', (_what, pieces) => {
    expect(() => [...new FrameReader(limits).push(Buffer.concat(pieces).subarray(0, 8))]).toThrow(FrameError)
  })

  test('are refused when the header is not JSON', () => {
    const bytes = Buffer.concat(encodeFrame({ a: 1 }))
    bytes[8] = 0x21
    expect(() => [...new FrameReader(limits).push(bytes)]).toThrow('header is not JSON')
  })
})
