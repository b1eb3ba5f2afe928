import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader } from '../../lib/aws/invoke-landing.ts'

const progress = { progress: { bytesRead: 7, objects: 1 } }
const reply = { error: { code: 'EXPIRED', situation: 'refused', message: 'the bundle expired – ⏱' } }
const wire = Buffer.from(`${JSON.stringify(progress)}\n${JSON.stringify(reply)}\n`)

test('frames come out whole, however the bytes were cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 12 }), (cuts) => {
      const reader = createFrameReader()
      const at = [0, ...cuts.toSorted((a, b) => a - b), wire.length]
      const frames = at.slice(1).flatMap((end, i) => reader.push(wire.subarray(at[i], end)))
      expect([...frames, ...reader.end()]).toEqual([progress, reply])
    }),
  )
})

test('a last line without its end is still read', () => {
  const reader = createFrameReader()
  expect(reader.push(wire.subarray(0, wire.length - 1))).toEqual([progress])
  expect(reader.end()).toEqual([reply])
})

test('lines that are no frames are passed over', () => {
  const reader = createFrameReader()
  expect(reader.push(Buffer.from('not json\n{"landing result":1}\n[]\n{}\n'))).toEqual([])
  expect(reader.end()).toEqual([])
})
