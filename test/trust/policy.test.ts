import { describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { canonicalJson } from '../../lib/encoding/canonical-json.ts'
import type { Json } from '../../lib/encoding/json.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import { envelopeToJson, signEnvelope } from '../../lib/trust/envelope.ts'
import type { KeyPolicy } from '../../lib/trust/key-policy.ts'
import { createKeyring } from '../../lib/trust/keyring.ts'
import { keyIdOf } from '../../lib/trust/keys.ts'
import { POLICY_TYPE, type PolicyChecks, parsePolicy, signPolicy, verifyPolicy } from '../../lib/trust/policy.ts'
import { alice, bob, DAY_MS, grantOf, mallory, NOW, policyOf, root } from './fixture.ts'

const refusal = (code: string) => expect.objectContaining({ situation: 'refused', code })
const verify = (envelope: unknown, changes: Partial<PolicyChecks> = {}) =>
  verifyPolicy(envelope, { rootKey: root.publicKey, fleet: 'default', now: NOW, ...changes })
const parse = (policy: unknown) => parsePolicy(utf8(canonicalJson(policy as Json)))

describe('a key policy', () => {
  test('signed by the root key is read back', () => {
    expect(verify(JSON.parse(JSON.stringify(signPolicy(policyOf(), root))))).toEqual(policyOf())
  })

  test('has at most 512 keys', () => {
    const keys = Array.from({ length: 513 }, (_, index) => {
      const publicKey = Uint8Array.from({ length: 32 }, (_, at) => index >> (8 * at))
      const key = { keyId: keyIdOf(publicKey), publicKey: toBase64url(publicKey) }
      return grantOf(alice, `key ${index}`, { ...key, scopes: [] })
    })
    expect(parse(policyOf({ keys: keys.slice(1) })).keys).toHaveLength(512)
    expect(() => parse(policyOf({ keys }))).toThrowError(refusal('POLICY_MALFORMED'))
  })

  test('by another key is refused, also in addition to the root key', () => {
    expect(() => verify(signPolicy(policyOf(), mallory))).toThrowError(refusal('KEY_UNKNOWN'))
    const payload = utf8(canonicalJson(policyOf() as unknown as Json))
    const both = envelopeToJson(signEnvelope(POLICY_TYPE, payload, [root, mallory]))
    expect(() => verify(both)).toThrowError(refusal('KEY_UNKNOWN'))
  })

  test('by a key that claims the root key’s id is refused', () => {
    const { signatures, ...rest } = signPolicy(policyOf(), mallory)
    const posing = { ...rest, signatures: [{ ...signatures[0]!, keyid: root.keyId }] }
    expect(() => verify(posing)).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('of another type is refused, though the root key signed it', () => {
    const payload = utf8(canonicalJson(policyOf() as unknown as Json))
    const other = envelopeToJson(signEnvelope('application/other', payload, [root]))
    expect(() => verify(other)).toThrowError(refusal('ENVELOPE_MALFORMED'))
    expect(() => verify({ ...other, payloadType: POLICY_TYPE })).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('of another fleet is refused', () => {
    expect(() => verify(signPolicy(policyOf({ fleet: 'staging' }), root))).toThrowError(refusal('WRONG_FLEET'))
  })

  test('outside of its time is refused, except five minutes early', () => {
    const envelope = signPolicy(policyOf({ expiresAt: NOW + DAY_MS }), root)
    expect(verify(envelope, { now: NOW - 5 * 60_000 }).version).toBe(3)
    expect(() => verify(envelope, { now: NOW - 5 * 60_000 - 1 })).toThrowError(refusal('NOT_YET_VALID'))
    expect(verify(envelope, { now: NOW + DAY_MS - 1 }).version).toBe(3)
    expect(() => verify(envelope, { now: NOW + DAY_MS })).toThrowError(refusal('EXPIRED'))
  })

  test('older than one already seen is refused', () => {
    const envelope = signPolicy(policyOf({ version: 3 }), root)
    expect(verify(envelope, { notOlderThan: 3 }).version).toBe(3)
    expect(() => verify(envelope, { notOlderThan: 4 })).toThrowError(refusal('REPLAYED'))
  })

  const grant = grantOf(alice, 'alice')
  const spoiled = (changes: object) => ({ ...policyOf(), keys: [{ ...grant, ...changes }] })
  test.each<[string, unknown]>([
    ['with an unknown field', { ...policyOf(), note: '' }],
    ['without a threshold', { ...policyOf(), threshold: undefined }],
    ['with a threshold of 0', policyOf({ threshold: 0 })],
    ['with a threshold no envelope can reach', policyOf({ threshold: 5 })],
    ['whose version is no number', { ...policyOf(), lander: '2' }],
    ['with one key twice', policyOf({ keys: [grant, grant] })],
    ['with a key under the id of another', spoiled({ keyId: bob.keyId })],
    ['with a public key in another base64', spoiled({ publicKey: `${toBase64url(alice.publicKey).slice(0, -1)}!` })],
    ['with an unknown status', spoiled({ status: 'paused' })],
    ['with an unknown role', spoiled({ roles: ['root'] })],
    ['with a role twice', spoiled({ roles: ['author', 'author'] })],
    ['with an unknown action', spoiled({ scopes: [{ bucket: 'a', prefix: '', actions: ['write'] }] })],
    ['with every bucket, but one prefix', spoiled({ scopes: [{ bucket: '*', prefix: 'logs/', actions: ['read'] }] })],
    ['with a limit above the ceiling', spoiled({ limits: { ...DEFAULT_LIMITS, wallMs: 86_400_001 } })],
    ['with a limit missing', spoiled({ limits: { wallMs: 1 } })],
    ['with a limit below zero', spoiled({ limits: { ...DEFAULT_LIMITS, hops: -1 } })],
    ['with a name that would move a cursor', spoiled({ name: 'a\u001b[2J' })],
    ['with a region in capitals', spoiled({ regions: ['EU-CENTRAL-1'] })],
    ['with a digest of spare bits', policyOf({ denied: [`${'A'.repeat(42)}B`] })],
  ])('%s is malformed', (_, policy) => {
    const json = JSON.stringify(policy)
    expect(() => parsePolicy(utf8(json))).toThrowError(refusal('POLICY_MALFORMED'))
  })

  test('that would be malformed is not signed', () => {
    expect(() => signPolicy(policyOf({ threshold: 9 }), root)).toThrowError(refusal('POLICY_MALFORMED'))
  })

  test('above 256 KB is refused before it is decoded', () => {
    const huge = { ...signPolicy(policyOf(), root), payload: 'A'.repeat(400_000) }
    expect(() => verify(huge)).toThrowError(refusal('ENVELOPE_MALFORMED'))
  })
})

test('a keyring finds keys by id, and nothing under the names every object has', () => {
  const policy: KeyPolicy = policyOf()
  const { keys } = createKeyring(policy)
  expect(keys.get(alice.keyId)?.name).toBe('alice')
  expect(keys.get('__proto__')).toBeUndefined()
})
