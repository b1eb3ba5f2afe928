import fc from 'fast-check'
import nacl from 'tweetnacl'
import { expect, test } from 'vitest'
import { keyFromSeed } from '../../lib/trust/keys.ts'
import { signDetached } from '../../lib/trust/sign.ts'

test('node:crypto signs as tweetnacl does, byte for byte', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (seed, message) => {
      const key = keyFromSeed(Uint8Array.from(seed))
      const copy = Uint8Array.from(message)
      expect(signDetached(copy, key)).toEqual(nacl.sign.detached(copy, key.secretKey))
    }),
    { numRuns: 20 },
  )
})
