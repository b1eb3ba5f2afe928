import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planSlices, resolveRange } from '../../../lib/local/s3/range.ts'

describe('a Range header', () => {
  it.each<[string | undefined, number, ReturnType<typeof resolveRange>]>([
    [undefined, 10, undefined],
    ['bytes=0-0', 10, { start: 0, end: 1 }],
    ['bytes=2-', 10, { start: 2, end: 10 }],
    ['bytes=-2', 10, { start: 8, end: 10 }],
    ['bytes=-20', 10, { start: 0, end: 10 }],
    ['bytes=5-20', 10, { start: 5, end: 10 }],
    ['bytes=5-4', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=0-1,4-5', 10, undefined],
    ['lines=1-2', 10, undefined],
    ['bytes=a-b', 10, undefined],
  ])('%s of %i bytes', (header, size, expected) => {
    expect(resolveRange(header, size)).toEqual(expected)
  })

  it.each([
    ['bytes=10-', 10],
    ['bytes=10-12', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-1', 0],
  ])('%s of %i bytes is refused, with the size', (header, size) => {
    expect(() => resolveRange(header, size)).toThrow(
      expect.objectContaining({ code: 'InvalidRange', headers: { 'content-range': `bytes */${size}` } }),
    )
  })
})

describe('slices', () => {
  it('are planned over the blobs that a range touches', () => {
    const blobs = [5, 0, 3, 4].map((size, i) => ({ id: `${i}`, size }))
    expect(planSlices(blobs, { start: 4, end: 9 })).toEqual([
      { blob: blobs[0], start: 4, end: 5 },
      { blob: blobs[2], start: 0, end: 3 },
      { blob: blobs[3], start: 0, end: 1 },
    ])
    expect(planSlices(blobs, { start: 0, end: 0 })).toEqual([])
  })

  it('return the same bytes as a slice of the whole', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 9 }), { maxLength: 8 })
    fc.assert(
      fc.property(texts, fc.nat(80), fc.nat(80), (texts, a, b) => {
        const whole = texts.join('')
        const [start, end] = [Math.min(a, b, whole.length), Math.min(Math.max(a, b), whole.length)]
        const blobs = texts.map((text, i) => ({ id: `${i}`, size: text.length }))
        const slices = planSlices(blobs, { start, end })
        expect(slices.map((slice) => texts[Number(slice.blob.id)]!.slice(slice.start, slice.end)).join('')).toBe(
          whole.slice(start, end),
        )
      }),
    )
  })
})
