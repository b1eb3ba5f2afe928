import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { encodeSignedBundle } from '../../lib/bundle/file.ts'
import { MANIFEST_TYPE, type Manifest, manifestPayload } from '../../lib/bundle/manifest.ts'
import { compress } from '../../lib/encoding/brotli.ts'
import { concatBytes, utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf } from '../../lib/encoding/digest.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import { encodeEnvelope, envelopeToJson, signEnvelope } from '../../lib/trust/envelope.ts'
import type { KeyGrant } from '../../lib/trust/key-policy.ts'
import { createOrder, ORDER_TYPE } from '../../lib/trust/order.ts'
import { parsePolicy } from '../../lib/trust/policy.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import type { VerifiedBundle } from '../../lib/trust/verified-bundle.ts'
import { type Admission, verifyBundle } from '../../lib/trust/verify-bundle.ts'
import { wasmModule, wasmWith } from '../support/wasm.ts'
import {
  admissionOf,
  alice,
  bob,
  bundleOf,
  DAY_MS,
  fixedRandom,
  grantOf,
  INPUT,
  keyringOf,
  logs,
  mallory,
  NOW,
  orderFor,
  policyOf,
  source,
} from './fixture.ts'

const refusal = (code: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ situation: 'refused', code, message })
const refused = (admission: Admission) => expect(() => verifyBundle(admission))

/** The admission with alice's (the author's) or bob's (the sender's) grant changed. */
const granting = (who: 'alice' | 'bob', changes: Partial<KeyGrant>): Admission => ({
  ...admissionOf(),
  keyring: keyringOf({
    keys: [grantOf(alice, 'alice', who === 'alice' ? changes : {}), grantOf(bob, 'bob', who === 'bob' ? changes : {})],
  }),
})

/** The admission of a bundle whose manifest says something else; the order follows it. */
const stating = (changes: Partial<Manifest>): Admission => admissionOf({ bundle: bundleOf(changes) })

describe('a bundle is admitted', () => {
  test('with its code, its signers, and what it may do', () => {
    const bundle = verifyBundle(admissionOf())
    expect(bundle.main).toBe(source)
    expect([...bundle.parts.keys()]).toEqual(['main.js'])
    expect(bundle.manifest).toEqual(bundleOf().manifest)
    expect(bundle.manifestDigest).toBe(bundle.order.manifest)
    expect(bundle.authors.map(({ name }) => name)).toEqual(['alice'])
    expect(bundle.sender.name).toBe('bob')
    expect(bundle.scopes).toEqual([logs])
    expect(bundle.limits).toEqual(DEFAULT_LIMITS)
  })

  test('with parts of every kind, in order', () => {
    const kernel = wasmModule()
    const sent = { 'main.js': utf8(source), 'count.wasm': kernel, 'scan.c': new Uint8Array(), 'mean.as.ts': utf8('…') }
    const bundle = bundleOf({}, sent)
    const { parts } = verifyBundle(admissionOf({ bundle }))
    expect([...parts.keys()]).toEqual(['main.js', 'count.wasm', 'scan.c', 'mean.as.ts'])
    expect(parts.get('count.wasm')).toEqual(kernel)
    expect(parts.get('scan.c')).toHaveLength(0)
  })

  test('narrowed to a tighter order', () => {
    const scopes = [{ ...logs, prefix: 'logs/2026/05/' }]
    const limits = { ...DEFAULT_LIMITS, readBytes: 1000 }
    const bundle = verifyBundle(admissionOf({ order: { scopes, limits } }))
    expect(bundle.scopes).toEqual(scopes)
    expect(bundle.limits).toEqual(limits)
  })

  test('for any fleet and region, within the policy', () => {
    const anywhere = { audience: { fleet: '*', regions: ['*'] } }
    const order = { fleet: 'default', regions: ['eu-central-1'] }
    const bundle = verifyBundle(admissionOf({ bundle: bundleOf(anywhere), order }))
    expect(bundle.order.regions).toEqual(['eu-central-1'])
  })

  test('by one key that is author and sender', () => {
    expect(verifyBundle(admissionOf({ sender: alice })).sender.name).toBe('alice')
  })

  test('as an immutable object', () => {
    expect(Object.isFrozen(verifyBundle(admissionOf()))).toBe(true)
  })
})

test('the golden bundle and order are still admitted', () => {
  const golden = (name: string) => readFileSync(new URL(`../golden/trust/${name}`, import.meta.url))
  const order = JSON.parse(golden('order.json').toString())
  const bundle = verifyBundle({ ...admissionOf(), file: golden('signed-bundle.bin'), order })
  expect(bundle.manifest.name).toBe('count.ts')
  expect(bundle.parts.get('main.js')).toEqual(utf8(bundle.main))
})

describe('a bundle is refused', () => {
  test('without a signature, or by an unknown key', () => {
    const { manifest, parts } = bundleOf()
    const unsigned = { payloadType: MANIFEST_TYPE, payload: manifestPayload(manifest), signatures: [] }
    const file = encodeSignedBundle({ envelope: encodeEnvelope(unsigned), parts: parts.values() })
    refused({ ...admissionOf(), file }).toThrowError(refusal('SIGNATURE_MISSING'))
    refused(admissionOf({ authors: [mallory] })).toThrowError(refusal('KEY_UNKNOWN'))
    refused(admissionOf({ sender: mallory })).toThrowError(refusal('KEY_UNKNOWN'))
  })

  test('for a revoked or expired key, of author and sender', () => {
    refused(granting('alice', { status: 'revoked' })).toThrowError(refusal('KEY_REVOKED'))
    refused(granting('bob', { status: 'revoked' })).toThrowError(refusal('KEY_REVOKED'))
    refused(granting('alice', { notAfter: NOW })).toThrowError(refusal('KEY_EXPIRED'))
    refused(granting('bob', { notBefore: NOW + DAY_MS })).toThrowError(refusal('NOT_YET_VALID'))
  })

  test('with the order of another bundle', () => {
    const order = orderFor(bundleOf({ name: 'other.ts' }).manifest)
    refused({ ...admissionOf(), order }).toThrowError(refusal('ORDER_MISMATCH', 'the order is for another bundle'))
  })

  test('with the manifest of another bundle', () => {
    const other = bundleOf({}, { 'main.js': utf8('export default 1') })
    const swapped = { manifest: bundleOf().manifest, parts: other.parts }
    refused(admissionOf({ bundle: swapped })).toThrowError(refusal('BUNDLE_TRUNCATED'))
    const stored = [...bundleOf().parts.values()][0]!
    const sameLength = new Map([['main.js', new Uint8Array(stored.length)]])
    refused(admissionOf({ bundle: { ...bundleOf(), parts: sameLength } })).toThrowError(refusal('DIGEST_MISMATCH'))
  })

  test.each([
    ['another input', '{"word":"WARN"}'],
    ['white space in it', `${INPUT} `],
    ['none', ''],
    ['a lone surrogate', '"\ud800"'],
  ])('with another input than ordered: %s', (_, input) => {
    refused({ ...admissionOf(), input }).toThrowError(refusal('ORDER_MISMATCH', 'the order is for another input'))
  })

  test('with a lone surrogate in place of the replacement character that was ordered', () => {
    const admission = admissionOf({ order: { input: '"\ufffd"' } })
    expect(verifyBundle({ ...admission, input: '"\ufffd"' }).main).toBe(source)
    refused({ ...admission, input: '"\ud800"' }).toThrowError(refusal('ORDER_MISMATCH'))
  })

  test('with a manifest where the order should be, and the other way round', () => {
    const { manifest, parts } = bundleOf()
    const asOrder = envelopeToJson(signEnvelope(MANIFEST_TYPE, manifestPayload(manifest), [bob]))
    refused({ ...admissionOf(), order: asOrder }).toThrowError(refusal('ENVELOPE_MALFORMED'))
    refused({ ...admissionOf(), order: { ...asOrder, payloadType: ORDER_TYPE } }).toThrowError(
      refusal('SIGNATURE_INVALID'),
    )
    const order = signEnvelope(ORDER_TYPE, manifestPayload(manifest), [alice])
    const file = encodeSignedBundle({ envelope: encodeEnvelope(order), parts: parts.values() })
    refused({ ...admissionOf(), file }).toThrowError(refusal('SIGNATURE_INVALID'))
  })

  test('with two senders', () => {
    const order = createOrder({ manifest: bundleOf().manifest, input: INPUT, now: NOW, random: fixedRandom })
    const envelope = envelopeToJson(signEnvelope(ORDER_TYPE, utf8(JSON.stringify(order)), [alice, bob]))
    refused({ ...admissionOf(), order: envelope }).toThrowError(refusal('ENVELOPE_MALFORMED'))
  })

  test.each([undefined, null, 'order', {}, []])('with %j for an order', (order) => {
    refused({ ...admissionOf(), order }).toThrowError(refusal('ENVELOPE_MALFORMED'))
  })

  test('for another engine or another contract', () => {
    refused({ ...admissionOf(), engine: digestOf(utf8('another')) }).toThrowError(refusal('ENGINE_MISMATCH'))
    refused({ ...admissionOf(), abi: 3 }).toThrowError(refusal('ENGINE_MISMATCH'))
  })

  test('in another fleet, though one of manifest, order and policy names it', () => {
    refused({ ...admissionOf(), fleet: 'staging' }).toThrowError(refusal('WRONG_FLEET'))
    refused({ ...admissionOf(), fleet: 'staging', keyring: keyringOf({ fleet: 'staging' }) }).toThrowError(
      refusal('WRONG_FLEET'),
    )
    refused({ ...admissionOf(), keyring: keyringOf({ fleet: 'staging' }) }).toThrowError(refusal('WRONG_FLEET'))
    refused(admissionOf({ order: { fleet: 'staging' } })).toThrowError(refusal('WRONG_FLEET'))
    const staging = bundleOf({ audience: { fleet: 'staging', regions: ['eu-central-1'] } })
    refused(admissionOf({ bundle: staging })).toThrowError(refusal('WRONG_FLEET'))
    refused(admissionOf({ bundle: staging, order: { fleet: 'default' } })).toThrowError(refusal('WRONG_FLEET'))
  })

  test('in another region than manifest and order name', () => {
    const both = { audience: { fleet: 'default', regions: ['eu-central-1', 'us-east-1'] } }
    refused({ ...admissionOf(), region: 'us-east-1' }).toThrowError(refusal('WRONG_REGION'))
    const toOne = admissionOf({ bundle: bundleOf(both), order: { regions: ['us-east-1'] } })
    expect(verifyBundle({ ...toOne, region: 'us-east-1' }).main).toBe(source)
    refused(toOne).toThrowError(refusal('WRONG_REGION'))
    const elsewhere = bundleOf({ audience: { fleet: 'default', regions: ['us-east-1'] } })
    const here = { regions: ['eu-central-1'] }
    refused(admissionOf({ bundle: elsewhere, order: here })).toThrowError(refusal('WRONG_REGION'))
  })

  test('on the client, unless the order names the client', () => {
    refused({ ...admissionOf(), region: 'client' }).toThrowError(refusal('WRONG_REGION'))
    const client = admissionOf({ order: { regions: ['client'] } })
    expect(verifyBundle({ ...client, region: 'client' }).main).toBe(source)
    refused(client).toThrowError(refusal('WRONG_REGION'))
  })

  test('before its time, except five minutes early, and after its time, without exception', () => {
    const at = (now: number) => ({ ...admissionOf(), now })
    const skew = 5 * 60_000
    expect(verifyBundle(at(NOW - skew)).main).toBe(source)
    refused(at(NOW - skew - 1)).toThrowError(refusal('NOT_YET_VALID', 'the manifest is not yet valid'))
    expect(verifyBundle(at(NOW + 3_600_000 - 1)).main).toBe(source)
    refused(at(NOW + 3_600_000)).toThrowError(refusal('EXPIRED', 'the order has expired'))
    refused(at(NOW + 30 * DAY_MS)).toThrowError(refusal('EXPIRED', 'the manifest has expired'))
    refused(stating({ notBefore: NOW + DAY_MS })).toThrowError(refusal('NOT_YET_VALID'))
    refused(admissionOf({ order: { now: NOW + DAY_MS } })).toThrowError(
      refusal('NOT_YET_VALID', 'the order is not yet valid'),
    )
  })

  test('with fewer signatures than the fleet asks for', () => {
    const two = { ...admissionOf({ authors: [alice, bob] }), keyring: keyringOf({ threshold: 2 }) }
    expect(verifyBundle(two).authors).toHaveLength(2)
    refused({ ...admissionOf(), keyring: keyringOf({ threshold: 2 }) }).toThrowError(refusal('SIGNATURE_MISSING'))
  })

  test('when the policy denies it', () => {
    const { manifestDigest } = verifyBundle(admissionOf())
    const keyring = keyringOf({ denied: [manifestDigest] })
    refused({ ...admissionOf(), keyring }).toThrowError(
      refusal('POLICY_DENIED', 'the key policy does not allow this bundle'),
    )
  })
})

describe('what is signed, and still malformed, is refused', () => {
  const spoiling: [string, (json: string) => string][] = [
    ['with an unknown field', (json) => json.replace('{', '{"comment":"",')],
    ['with a name twice', (json) => json.replace('{', '{"lander":1,')],
    ['with an unsafe integer', (json) => json.replace(/"expiresAt":\d+/, '"expiresAt":9007199254740993')],
    ['with another document behind it', (json) => `${json}{}`],
    ['that is no JSON', () => 'lander'],
  ]
  const { manifest, parts } = bundleOf()
  const orderOf = (changes: object) => ({
    ...createOrder({ manifest, input: INPUT, now: NOW, random: fixedRandom }),
    ...changes,
  })
  const ordered = (json: string) => envelopeToJson(signEnvelope(ORDER_TYPE, utf8(json), [bob]))

  test.each(spoiling)('a manifest %s', (_, spoil) => {
    const payload = utf8(spoil(JSON.stringify(manifest)))
    const file = encodeSignedBundle({
      envelope: encodeEnvelope(signEnvelope(MANIFEST_TYPE, payload, [alice])),
      parts: parts.values(),
    })
    const order = ordered(JSON.stringify(orderOf({ manifest: digestOf(payload) })))
    refused({ ...admissionOf(), file, order }).toThrowError(refusal('MANIFEST_MALFORMED', 'the manifest is malformed'))
  })

  test.each(spoiling)('an order %s', (_, spoil) => {
    const order = ordered(spoil(JSON.stringify(orderOf({}))))
    refused({ ...admissionOf(), order }).toThrowError(refusal('ORDER_MALFORMED', 'the order is malformed'))
  })
})

describe('an order wider than its manifest is refused', () => {
  test.each([
    ['regions', { regions: ['eu-central-1', 'us-east-1'] }],
    ['scopes', { scopes: [{ ...logs, prefix: 'logs/' }] }],
    ['scopes', { scopes: [logs, { ...logs, bucket: 'logs-us' }] }],
    ['scopes', { scopes: [{ ...logs, prefix: 'logs/2026' }] }],
    ['readBytes', { limits: { ...DEFAULT_LIMITS, readBytes: DEFAULT_LIMITS.readBytes + 1 } }],
    ['hops', { limits: { ...DEFAULT_LIMITS, hops: DEFAULT_LIMITS.hops + 1 } }],
  ])('and the refusal names its %s', (what, order) => {
    const message = `the order is wider than the bundle's manifest: ${what}`
    refused(admissionOf({ order })).toThrowError(refusal('ORDER_MISMATCH', message))
  })
})

describe("what is above a key's policy is refused, never trimmed", () => {
  const cases: [string, Partial<KeyGrant>][] = [
    ['fleet default', { fleets: ['staging'] }],
    ['fleet default', { fleets: [] }],
    ['region eu-central-1', { regions: ['us-east-1'] }],
    ['region eu-central-1', { regions: [] }],
    ['s3://logs-eu/logs/2026/', { scopes: [{ ...logs, prefix: 'logs/2025/' }] }],
    ['s3://logs-eu/logs/2026/', { scopes: [{ ...logs, prefix: 'logs/2026/05/' }] }],
    ['s3://logs-eu/logs/2026/', { scopes: [{ ...logs, bucket: 'logs-us' }] }],
    ['s3://logs-eu/logs/2026/', { scopes: [{ ...logs, prefix: 'log' }] }],
    ['s3://logs-eu/logs/2026/', { scopes: [] }],
  ]
  describe.each([['alice'], ['bob']] as const)('for %s', (who) => {
    test.each(cases)('%s', (what, changes) => {
      const message = `the policy of key "${who}" does not allow ${what}`
      refused(granting(who, changes)).toThrowError(refusal('POLICY_DENIED', message))
    })

    test.each(Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[])('%s', (name) => {
      const most = DEFAULT_LIMITS[name] - 1
      const message = `the policy of key "${who}" does not allow ${name} of ${most + 1}, above ${most}`
      const changes = { limits: { ...DEFAULT_LIMITS, [name]: most } }
      refused(granting(who, changes)).toThrowError(refusal('POLICY_DENIED', message))
    })

    test('another role', () => {
      const others = who === 'alice' ? (['sender'] as const) : (['author'] as const)
      refused(granting(who, { roles: others })).toThrowError(refusal('POLICY_DENIED'))
    })

    test('compiling at run time', () => {
      const allowing = { alice: { compiles: who === 'bob' }, bob: { compiles: who === 'alice' } }
      const keys = [grantOf(alice, 'alice', allowing.alice), grantOf(bob, 'bob', allowing.bob)]
      const message = `the policy of key "${who}" does not allow compiling at run time`
      refused({ ...stating({ compiles: true }), keyring: keyringOf({ keys }) }).toThrowError(
        refusal('POLICY_DENIED', message),
      )
    })
  })

  test('every author must have the right', () => {
    const admission = { ...granting('bob', { roles: ['sender'] }), file: admissionOf({ authors: [alice, bob] }).file }
    refused(admission).toThrowError(refusal('POLICY_DENIED', 'the policy of key "bob" does not allow the role author'))
  })

  test('every region of the manifest must be allowed', () => {
    const audience = { fleet: 'default', regions: ['eu-central-1', 'ap-south-1'] }
    const admission = admissionOf({ bundle: bundleOf({ audience }), order: { regions: ['eu-central-1'] } })
    refused(admission).toThrowError(refusal('POLICY_DENIED', expect.stringContaining('ap-south-1')))
  })

  test('what a policy grants by "*" is allowed', () => {
    const any = { fleets: ['*'], regions: ['*'], scopes: [{ bucket: '*', prefix: '', actions: ['read'] as const }] }
    expect(verifyBundle(granting('alice', any)).main).toBe(source)
  })
})

describe('parts are refused', () => {
  /** A bundle whose author signed false lengths or digests. */
  const lying = (changes: object, stored = [...bundleOf().parts.values()][0]!) => {
    const entry = { ...bundleOf().manifest.entries[0]!, stored: stored.length, sha256: digestOf(stored), ...changes }
    return admissionOf({ bundle: { ...bundleOf({ entries: [entry] }), parts: new Map([['main.js', stored]]) } })
  }

  test('with another digest than signed', () => {
    refused(lying({ sha256: digestOf(utf8('')) })).toThrowError(refusal('DIGEST_MISMATCH'))
  })

  test('that inflate to more or less than signed', () => {
    refused(lying({ bytes: source.length - 1 })).toThrowError(refusal('BUNDLE_MALFORMED'))
    refused(lying({ bytes: source.length + 1 })).toThrowError(refusal('BUNDLE_MALFORMED'))
    refused(lying({ bytes: 1000 }, compress(new Uint8Array(4 * 1024 * 1024)))).toThrowError(refusal('BUNDLE_MALFORMED'))
  })

  test('with bytes behind the compressed stream', () => {
    const padded = concatBytes([...bundleOf().parts.values()][0]!, utf8('hidden'))
    refused(lying({}, padded)).toThrowError(refusal('BUNDLE_MALFORMED'))
  })

  test('that are not UTF-8, for the main part', () => {
    const bundle = bundleOf({}, { 'main.js': Uint8Array.of(0x22, 0xff, 0x22) })
    refused(admissionOf({ bundle })).toThrowError(refusal('BUNDLE_MALFORMED'))
  })

  test('that are missing, or more than signed', () => {
    const { file } = admissionOf()
    refused({ ...admissionOf(), file: file.subarray(0, -1) }).toThrowError(refusal('BUNDLE_TRUNCATED'))
    refused({ ...admissionOf(), file: concatBytes(file, Uint8Array.of(0)) }).toThrowError(refusal('BUNDLE_MALFORMED'))
  })
})

describe('a verified bundle', () => {
  test('can not be made from another type', () => {
    const { manifest, manifestDigest, order, main, parts, authors, sender, scopes, limits } = verifyBundle(
      admissionOf(),
    )
    // @ts-expect-error the mark of a verified bundle can't be written outside of its module
    const forged: VerifiedBundle = { manifest, manifestDigest, order, main, parts, authors, sender, scopes, limits }
    expect(forged.main).toBe(main)
  })

  test('is made by no other module', () => {
    const lib = fileURLToPath(new URL('../../lib', import.meta.url))
    const modules = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
    const claiming = modules.filter((path) => /\bas VerifiedBundle\b/.test(readFileSync(join(lib, path), 'utf8')))
    expect(claiming).toEqual([join('trust', 'verify-bundle.ts')])
  })
})

test('a policy that was parsed from bytes admits the same', () => {
  const keyring = keyringOf(parsePolicy(utf8(JSON.stringify(policyOf()))))
  expect(verifyBundle({ ...admissionOf(), keyring }).main).toBe(source)
  expect(signBundle(bundleOf(), [alice])).toEqual(admissionOf().file)
})

describe('a bundle’s kernels', () => {
  const withKernel = (name: string, bytes: Uint8Array) =>
    admissionOf({ bundle: bundleOf({}, { 'main.js': utf8(source), [name]: bytes }) })

  test.each<[string, string, Uint8Array]>([
    ['a binary with a start section', 'k.wasm', wasmWith([8, [0]])],
    ['a binary that imports what it may not', 'k.wasm', wasmWith([2, [1, 1, 0x61, 1, 0x62, 0, 0]])],
    ['a binary whose memory has no maximum', 'k.wasm', wasmWith([5, [1, 0, 1]])],
    ['a binary that is cut off', 'k.wasm', wasmModule().subarray(0, -1)],
    ['a binary that is none', 'k.wasm', utf8('int f(void) { return 1; }')],
    ['source that is no text', 'k.c', Uint8Array.of(0xff)],
    ['source beyond all measure', 'k.c', new Uint8Array(256 * 1024 + 1)],
  ])('are refused: %s', (_, name, bytes) => {
    refused(withKernel(name, bytes)).toThrow(refusal('KERNEL_MALFORMED', expect.stringContaining(name)))
  })

  test('may be compiled at run time only where author and sender may', () => {
    const compiling = admissionOf({ bundle: bundleOf({ compiles: true }) })
    const may = (who: readonly ('alice' | 'bob')[]) => {
      const keys = [alice, bob].map((key, index) => {
        const name = (['alice', 'bob'] as const)[index]!
        return grantOf(key, name, { compiles: who.includes(name) })
      })
      return { ...compiling, keyring: keyringOf({ keys }) }
    }
    refused(may([])).toThrow(refusal('POLICY_DENIED', expect.stringContaining('compiling')))
    refused(may(['alice'])).toThrow(refusal('POLICY_DENIED'))
    refused(may(['bob'])).toThrow(refusal('POLICY_DENIED'))
    expect(verifyBundle(may(['alice', 'bob'])).manifest.compiles).toBe(true)
  })
})
