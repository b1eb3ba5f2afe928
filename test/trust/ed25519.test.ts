import crypto from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { concatBytes, utf8 } from '../../lib/encoding/bytes.ts'
import { admitKey, verifyStrict } from '../../lib/trust/ed25519.ts'
import { runInBrowser } from '../support/browser.ts'
import {
  allVectors,
  encodingsFromPOn,
  mixedOrderKeys,
  offTheCurve,
  smallOrderKeys,
  smallOrderR,
  type Vector,
} from './ed25519-vectors.ts'
import { alice, bob } from './fixture.ts'

const KEY_INVALID = expect.objectContaining({ code: 'KEY_INVALID' })

const message = utf8('a message')
const signature = nacl.sign.detached(message, alice.secretKey)
const key = admitKey(alice.publicKey)

afterEach(() => void vi.restoreAllMocks())

describe('a signature', () => {
  test('of the key over the message is accepted, also from the cache', () => {
    expect(verifyStrict(signature, message, key)).toBe(true)
    expect(verifyStrict(signature, message, key)).toBe(true)
  })

  test('over nothing, and over 100 KB, is accepted', () => {
    for (const length of [0, 100_000]) {
      const long = new Uint8Array(length).fill(length)
      expect(verifyStrict(nacl.sign.detached(long, alice.secretKey), long, key)).toBe(true)
    }
  })

  test('is refused with any bit flipped, the second time too', () => {
    for (let bit = 0; bit < 512; bit++) {
      const flipped = flip(signature, bit)
      expect(verifyStrict(flipped, message, key), `bit ${bit}`).toBe(false)
      expect(verifyStrict(flipped, message, key), `bit ${bit}, again`).toBe(false)
    }
  })

  test('is refused with any bit of the message flipped', () => {
    for (let bit = 0; bit < 8 * message.length; bit++)
      expect(verifyStrict(signature, flip(message, bit), key), `bit ${bit}`).toBe(false)
  })

  test('is refused with any bit of the key flipped', () => {
    for (let bit = 0; bit < 256; bit++)
      expect(verdictOn({ key: flip(alice.publicKey, bit), message, signature }), `bit ${bit}`).not.toBe('accepted')
  })

  test('is refused for another message or another key', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (other) => !verifyStrict(signature, other, key)),
      { numRuns: 50 },
    )
    expect(verifyStrict(signature, message, admitKey(bob.publicKey))).toBe(false)
  })

  test.each([0, 1, 31, 32, 33, 63, 65, 96, 128])('of %i bytes is refused, without a throw', (length) => {
    const padded = new Uint8Array(length)
    padded.set(signature.subarray(0, length))
    expect(verifyStrict(padded, message, key)).toBe(false)
  })

  test('that was accepted is refused when a byte moves between signature and message', () => {
    const zeroFirst = Uint8Array.of(0, ...message)
    const good = nacl.sign.detached(zeroFirst, alice.secretKey)
    expect(verifyStrict(good, zeroFirst, key)).toBe(true)
    expect(verifyStrict(good.subarray(0, 63), concatBytes(good.subarray(63), zeroFirst), key)).toBe(false)
    expect(verifyStrict(concatBytes(good, Uint8Array.of(0)), message, key)).toBe(false)
  })

  test('whose R is off the curve is refused, without a throw', () => {
    expect(verifyStrict(concatBytes(offTheCurve, signature.subarray(32)), message, key)).toBe(false)
  })
})

describe('a public key', () => {
  test('of an honest seed is admitted and copied', () => {
    const given = Uint8Array.from(alice.publicKey)
    const admitted = admitKey(given)
    given.fill(0)
    expect(admitted).toEqual(alice.publicKey)
  })

  test('is refused the second time, too', () => {
    const [{ key: weak }] = smallOrderKeys as [Vector]
    expect(() => admitKey(weak)).toThrowError(KEY_INVALID)
    expect(() => admitKey(weak)).toThrowError(KEY_INVALID)
  })

  // So the rule y < p has no vector of its own: without it, the rules of order would still refuse each of these keys.
  test('with y ≥ p is refused, and none of the 38 such encodings names a point of prime order', () => {
    expect(encodingsFromPOn).toHaveLength(38)
    const ofPrimeOrder = encodingsFromPOn.flatMap(leniently).filter((it) => !it.isSmallOrder() && it.isTorsionFree())
    expect(ofPrimeOrder).toEqual([])
    for (const encoded of encodingsFromPOn) expect(() => admitKey(encoded)).toThrowError(KEY_INVALID)
  })

  test('with a y off the curve is refused', () => {
    expect(() => admitKey(offTheCurve)).toThrowError(KEY_INVALID)
  })

  test.each([0, 1, 31, 33, 64])('of %i bytes is refused', (length) => {
    const padded = new Uint8Array(length)
    padded.set(alice.publicKey.subarray(0, length))
    expect(() => admitKey(padded)).toThrowError(KEY_INVALID)
  })
})

describe('the vectors made here', () => {
  test('hold the 14 encodings of the eight points of small order, as keys and as R, and seven keys of mixed order', () => {
    const distinct = (names: string[]) => new Set(names).size
    expect(distinct(smallOrderKeys.map((vector) => hex(vector.key)))).toBe(14)
    expect(distinct(smallOrderR.map((vector) => hex(vector.signature.subarray(0, 32))))).toBe(14)
    expect(distinct(mixedOrderKeys.map((vector) => hex(vector.key)))).toBe(7)
  })

  test.each(allVectors.map((vector) => [vector.what, vector] as const))('%s: refused', (_, vector) => {
    expect(librariesThatAccept(vector)).toEqual(vector.takenBy)
    expect(verdictOn(vector)).toBe(vector.refusedFor)
  })

  test('have the same verdicts in a browser, which has no second library', async () => {
    const honest = { key: alice.publicKey, message, signature }
    const flipped = { key: alice.publicKey, message, signature: flip(signature, 300) }
    const verdicts = await runInBrowser<string[]>(`
      import { admitKey, verifyStrict } from './lib/trust/ed25519.ts'
      const bytes = (list) => Uint8Array.from(list)
      const admit = (key) => { try { return admitKey(bytes(key)) } catch (error) { return error.code } }
      globalThis.result = ${plain([honest, flipped, ...allVectors])}.map(({ key, message, signature }) => {
        const admitted = admit(key)
        if (admitted === 'KEY_INVALID') return 'key'
        return verifyStrict(bytes(signature), bytes(message), admitted) ? 'accepted' : 'signature'
      })
    `)
    expect([...verdicts]).toEqual(['accepted', 'signature', ...allVectors.map(({ refusedFor }) => refusedFor)])
  })
})

describe('a fault in one library', () => {
  const other = nacl.sign.detached(message, bob.secretKey)

  test('that makes tweetnacl accept everything lets nothing in', () => {
    vi.spyOn(nacl.sign.detached, 'verify').mockReturnValue(true)
    expect(verifyStrict(other, message, key)).toBe(false)
  })

  test('that makes node:crypto accept everything lets nothing in', () => {
    const faulty = vi.spyOn(crypto, 'verify').mockImplementation(() => true)
    expect(verifyStrict(other, message, key)).toBe(false)
    expect(faulty).toHaveBeenCalledTimes(1)
  })

  test('that makes it throw is a refusal', () => {
    vi.spyOn(nacl.sign.detached, 'verify').mockImplementation(() => {
      throw new Error('a fault')
    })
    const unseen = utf8('a message that no test has verified')
    expect(verifyStrict(nacl.sign.detached(unseen, alice.secretKey), unseen, key)).toBe(false)
  })
})

type Verdict = 'accepted' | Vector['refusedFor']

function verdictOn(given: Pick<Vector, 'key' | 'message' | 'signature'>): Verdict {
  let admitted: ReturnType<typeof admitKey>
  try {
    admitted = admitKey(given.key)
  } catch (error) {
    expect(error).toEqual(KEY_INVALID)
    return 'key'
  }
  return verifyStrict(given.signature, given.message, admitted) ? 'accepted' : 'signature'
}

/** The point that a decoder without the rule y < p finds, if there is one. */
function leniently(encoded: Uint8Array) {
  try {
    return [ed25519.Point.fromBytes(encoded, true)]
  } catch {
    return []
  }
}

function librariesThatAccept({ key, message, signature }: Vector): string[] {
  const verdicts = {
    tweetnacl: nacl.sign.detached.verify(message, signature, key),
    noble: ed25519.verify(signature, message, key),
  }
  return Object.entries(verdicts).flatMap(([library, accepts]) => (accepts ? [library] : []))
}

function plain(vectors: readonly Pick<Vector, 'key' | 'message' | 'signature'>[]): string {
  return JSON.stringify(
    vectors.map((vector) => ({
      key: [...vector.key],
      message: [...vector.message],
      signature: [...vector.signature],
    })),
  )
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[bit >> 3]! ^= 1 << (bit & 7)
  return flipped
}
