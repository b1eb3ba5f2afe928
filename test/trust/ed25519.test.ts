import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { admitKey, verifyStrict } from '../../lib/trust/ed25519.ts'
import { runInBrowser } from '../support/browser.ts'
import { alice, bob } from './fixture.ts'

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))
const toNumber = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
const toBytes = (number: bigint) =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 0xffn))

const message = utf8('a message')
const signature = nacl.sign.detached(message, alice.secretKey)
const key = admitKey(alice.publicKey)

describe('a signature', () => {
  test('of the key over the message is accepted, also from the cache', () => {
    expect(verifyStrict(signature, message, key)).toBe(true)
    expect(verifyStrict(signature, message, key)).toBe(true)
  })

  test('is refused with any bit flipped', () => {
    for (let bit = 0; bit < 512; bit++)
      expect(verifyStrict(flip(signature, bit), message, key), `bit ${bit}`).toBe(false)
  })

  test('is refused for another message or another key', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (other) => !verifyStrict(signature, other, key)),
      { numRuns: 50 },
    )
    expect(verifyStrict(signature, message, admitKey(bob.publicKey))).toBe(false)
  })

  test.each([0, 1, 32, 63, 65, 96, 128])('of %i bytes is refused, without a throw', (length) => {
    const padded = new Uint8Array(length)
    padded.set(signature.subarray(0, length))
    expect(verifyStrict(padded, message, key)).toBe(false)
  })

  test.each([1n, 2n, 4n, 8n])('with S + %i·L is refused, which tweetnacl takes', (factor) => {
    const forged = Uint8Array.from(signature)
    forged.set(toBytes(toNumber(signature.subarray(32)) + factor * ORDER), 32)
    expect(nacl.sign.detached.verify(message, forged, alice.publicKey)).toBe(true)
    expect(verifyStrict(forged, message, key)).toBe(false)
  })
})

describe('a public key', () => {
  test('of an honest seed is admitted and copied', () => {
    const given = Uint8Array.from(alice.publicKey)
    const admitted = admitKey(given)
    given.fill(0)
    expect(admitted).toEqual(alice.publicKey)
  })

  test.each([
    ['the identity', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['the identity with a sign', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['the point of order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['a point of order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['its negative', '0000000000000000000000000000000000000000000000000000000000000080'],
    ['a point of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['another point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['y = p', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = p + 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = 2^255 - 1', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
    ['y off the curve', '0200000000000000000000000000000000000000000000000000000000000000'],
    ['31 bytes', '01'.repeat(31)],
    ['33 bytes', '01'.repeat(33)],
    ['nothing', ''],
  ])('that is %s is refused', (_, encoded) => {
    expect(() => admitKey(hex(encoded))).toThrowError(expect.objectContaining({ code: 'KEY_INVALID' }))
  })

  test('with a component of small order is refused', () => {
    // Case 3 of ed25519-speccheck, a signature that both libraries take under this key.
    const mixed = hex('cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d')
    expect(() => admitKey(mixed)).toThrowError(expect.objectContaining({ code: 'KEY_INVALID' }))
  })
})

test('a browser, which has only one library, reaches the same verdicts', async () => {
  const forged = Uint8Array.from(signature)
  forged.set(toBytes(toNumber(signature.subarray(32)) + ORDER), 32)
  const verdicts = await runInBrowser<boolean[]>(`
    import { admitKey, verifyStrict } from './lib/trust/ed25519.ts'
    const key = admitKey(Uint8Array.of(${alice.publicKey}))
    const message = Uint8Array.of(${message})
    const signatures = [Uint8Array.of(${signature}), Uint8Array.of(${forged}), Uint8Array.of(${flip(signature, 300)})]
    globalThis.result = signatures.map((signature) => verifyStrict(signature, message, key))
  `)
  expect([...verdicts]).toEqual([true, false, false])
})

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[bit >> 3]! ^= 1 << (bit & 7)
  return flipped
}
