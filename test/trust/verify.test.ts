import { describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { type Envelope, signEnvelope } from '../../lib/trust/envelope.ts'
import type { KeyGrant } from '../../lib/trust/key-policy.ts'
import { keyIdOf, type SigningKey } from '../../lib/trust/keys.ts'
import { verifyEnvelope } from '../../lib/trust/verify.ts'
import { alice, bob, DAY_MS, grantOf, keyringOf, mallory, NOW } from './fixture.ts'

const TYPE = 'application/vnd.lander.test+json'
const payload = utf8('{"a":1}')
const signed = (...keys: SigningKey[]) => signEnvelope(TYPE, payload, keys)

const verify = (envelope: Envelope, keyring = keyringOf(), now = NOW) => verifyEnvelope(envelope, TYPE, keyring, now)
const refusal = (code: string) => expect.objectContaining({ situation: 'refused', code })
const withAlice = (changes: Partial<KeyGrant>) =>
  keyringOf({ keys: [grantOf(alice, 'alice', changes), grantOf(bob, 'bob')] })

describe('an envelope', () => {
  test('returns its payload and the grants of its signers', () => {
    const { payload: bytes, signers } = verify(signed(alice, bob))
    expect(bytes).toEqual(payload)
    expect(signers.map(({ name }) => name)).toEqual(['alice', 'bob'])
  })

  test('of another type is refused, even when it is signed as such', () => {
    const other = signEnvelope('application/other', payload, [alice])
    expect(() => verify(other)).toThrowError(refusal('ENVELOPE_MALFORMED'))
    expect(() => verify({ ...other, payloadType: TYPE })).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('with another payload is refused', () => {
    expect(() => verify({ ...signed(alice), payload: utf8('{"a":2}') })).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('is refused if one of its signatures is invalid', () => {
    const { signatures, ...rest } = signed(alice, bob)
    const swapped = [signatures[0]!, { ...signatures[1]!, signature: signatures[0]!.signature }]
    expect(() => verify({ ...rest, signatures: swapped })).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('is refused when one of its keys is unknown', () => {
    expect(() => verify(signed(alice, mallory))).toThrowError(refusal('KEY_UNKNOWN'))
  })

  test('is refused under the id of a key that did not sign it', () => {
    const { signatures, ...rest } = signed(mallory)
    const posing = signatures.map(({ signature }) => ({ keyId: alice.keyId, signature }))
    expect(() => verify({ ...rest, signatures: posing })).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('without signatures is refused', () => {
    expect(() => verify({ payloadType: TYPE, payload, signatures: [] })).toThrowError(refusal('SIGNATURE_MISSING'))
  })

  test.each(['__proto__', 'constructor', 'toString'])('by a key named %s is by an unknown key', (keyId) => {
    const { signatures, ...rest } = signed(alice)
    const posing = signatures.map(({ signature }) => ({ keyId, signature }))
    expect(() => verify({ ...rest, signatures: posing })).toThrowError(refusal('KEY_UNKNOWN'))
  })
})

describe('a key', () => {
  test('that is revoked verifies nothing, even a cached signature', () => {
    const envelope = signed(alice, bob)
    verify(envelope)
    expect(() => verify(envelope, withAlice({ status: 'revoked' }))).toThrowError(refusal('KEY_REVOKED'))
  })

  test('verifies from its first millisecond to before its last', () => {
    const keyring = withAlice({ notBefore: NOW, notAfter: NOW + 10 })
    expect(() => verify(signed(alice), keyring, NOW - 1)).toThrowError(refusal('NOT_YET_VALID'))
    expect(verify(signed(alice), keyring, NOW).signers).toHaveLength(1)
    expect(verify(signed(alice), keyring, NOW + 9).signers).toHaveLength(1)
    expect(() => verify(signed(alice), keyring, NOW + 10)).toThrowError(refusal('KEY_EXPIRED'))
  })

  test('that is weak verifies nothing, though a policy lists it', () => {
    // Under the identity, R = identity with S = 0 would verify every message.
    const identity = Uint8Array.of(1, ...new Uint8Array(31))
    const keyId = keyIdOf(identity)
    const keyring = keyringOf({ keys: [grantOf(alice, 'weak', { keyId, publicKey: toBase64url(identity) })] })
    const forged = {
      payloadType: TYPE,
      payload,
      signatures: [{ keyId, signature: Uint8Array.of(1, ...new Uint8Array(63)) }],
    }
    expect(() => verify(forged, keyring)).toThrowError(refusal('KEY_INVALID'))
  })
})

test('a policy verifies nothing after its end', () => {
  const keyring = keyringOf({ expiresAt: NOW + DAY_MS })
  expect(verify(signed(alice), keyring, NOW + DAY_MS - 1).signers).toHaveLength(1)
  expect(() => verify(signed(alice), keyring, NOW + DAY_MS)).toThrowError(refusal('EXPIRED'))
})
