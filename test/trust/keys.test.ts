import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../lib/encoding/digest.ts'
import { generateKey, keyFromSeed, keyIdOf, randomId } from '../../lib/trust/keys.ts'
import { alice, fixedRandom } from './fixture.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

describe('a signing key', () => {
  test('of a seed is that of RFC 8032 §7.1, test 1', () => {
    const { publicKey } = keyFromSeed(hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'))
    expect(publicKey).toEqual(hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'))
  })

  test('is named by the first 22 characters of its digest', () => {
    expect(alice.keyId).toBe(Buffer.from(sha256(alice.publicKey)).toString('base64url').slice(0, 22))
    expect(keyIdOf(alice.publicKey)).toBe(alice.keyId)
  })

  test('comes from the randomness that is passed in, or from the system', () => {
    expect(generateKey(fixedRandom)).toEqual(keyFromSeed(new Uint8Array(32).fill(7)))
    expect(generateKey().keyId).not.toBe(generateKey().keyId)
  })

  test('has an id that no command line takes for an option', () => {
    const seedOf = (n: number) => new Uint8Array(32).fill(n)
    const dashed = Array.from({ length: 256 }, (_, n) => n).find((n) => keyFromSeed(seedOf(n)).keyId.startsWith('-'))!
    const seeds = [seedOf(dashed), seedOf(2)]
    expect(generateKey(() => seeds.shift()!)).toEqual(keyFromSeed(seedOf(2)))
  })

  test('does not show its secret half when it is printed, spread or written as JSON', () => {
    const secret = Buffer.from(alice.secretKey.subarray(0, 4)).toString('hex')
    expect(secret).toBe('02020202')
    expect(Object.keys({ ...alice })).toEqual(['keyId', 'publicKey'])
    expect(JSON.stringify(alice)).not.toContain('secretKey')
    expect(inspect(alice, { depth: null })).not.toContain('secretKey')
  })

  test('refuses a seed of another length', () => {
    expect(() => keyFromSeed(new Uint8Array(31))).toThrow('32 bytes, not 31')
  })
})

test('a random id has 22 characters and is unique', () => {
  expect(randomId(fixedRandom)).toBe('BwcHBwcHBwcHBwcHBwcHBw')
  expect(randomId()).not.toBe(randomId())
  expect(randomId((length) => new Uint8Array(length).fill(0xff))).toMatch(/^f_{20}w$/)
})
