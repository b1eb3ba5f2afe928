import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CHECKSUM_ALGORITHMS,
  combineCrc,
  compositeChecksum,
  createChecksum,
  isCombinable,
} from '../../../lib/local/s3/checksums.ts'

async function checksumOf(
  algorithm: (typeof CHECKSUM_ALGORITHMS)[number],
  ...chunks: readonly Uint8Array[]
): Promise<string> {
  const checksum = createChecksum(algorithm)
  for (const chunk of chunks) checksum.update(Buffer.from(chunk))
  return checksum.digest()
}

const bytes = fc.uint8Array({ maxLength: 2000 })

describe.each(CHECKSUM_ALGORITHMS)('%s', (algorithm) => {
  it('is the same for any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (a, b) => {
        expect(await checksumOf(algorithm, a, b)).toBe(await checksumOf(algorithm, Buffer.concat([a, b])))
      }),
    )
  })
})

describe.each(CHECKSUM_ALGORITHMS.filter(isCombinable))('%s', (algorithm) => {
  it('of a whole is computed from those of its parts', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (a, b) => {
        const [first, second] = [await checksumOf(algorithm, a), await checksumOf(algorithm, b)]
        expect(combineCrc(algorithm, first, second, b.length)).toBe(await checksumOf(algorithm, a, b))
      }),
    )
  })
})

it('combines only CRCs', () => {
  expect(CHECKSUM_ALGORITHMS.filter(isCombinable)).toEqual(['CRC32', 'CRC32C', 'CRC64NVME'])
  expect(() => combineCrc('SHA256', '', '', 0)).toThrow(TypeError)
})

it('makes a composite of the raw checksums of the parts', async () => {
  const part = (text: string) => createHash('sha256').update(text)
  const parts = [part('a').digest('base64'), part('b').digest('base64')]
  const expected = createHash('sha256').update(part('a').digest()).update(part('b').digest()).digest('base64')
  expect(await compositeChecksum('SHA256', parts)).toBe(`${expected}-2`)
})
