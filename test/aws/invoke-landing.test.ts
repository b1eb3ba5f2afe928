import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader } from '../../lib/aws/invoke-landing.ts'

const progress = { progress: { bytesRead: 7, objects: 1 } }
const reply = { error: { code: 'EXPIRED', situation: 'refused', message: 'the bundle expired – ⏱' } }
const wire = Buffer.from(`${JSON.stringify(progress)}\n${JSON.stringify(reply)}\n`)

test('reads whole frames, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 12 }), (cuts) => {
      const reader = createFrameReader()
      const at = [0, ...cuts.toSorted((a, b) => a - b), wire.length]
      const frames = at.slice(1).flatMap((end, i) => reader.push(wire.subarray(at[i], end)))
      expect([...frames, ...reader.end()]).toEqual([progress, reply])
    }),
  )
})

test('reads a last line without a line end', () => {
  const reader = createFrameReader()
  expect(reader.push(wire.subarray(0, wire.length - 1))).toEqual([progress])
  expect(reader.end()).toEqual([reply])
})

test('ignores lines that are no frames', () => {
  const reader = createFrameReader()
  expect(reader.push(Buffer.from('not json\n{"landing result":1}\n[]\n{}\n'))).toEqual([])
  expect(reader.end()).toEqual([])
})
