/**
 * What version 1 of Lander signed and sealed is refused: with the version it has, the one that is understood, and the
 * command that makes it anew. The files in `golden/v1` were written by version 1 itself.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseFleet, readFleetFile } from '../lib/fleet/fleet-file.ts'
import {
  FORMAT_VERSION,
  FORMATS,
  mediaType,
  requireDocumentVersion,
  requireMediaTypeVersion,
} from '../lib/format-version.ts'
import { parseInvocation } from '../lib/host/invocation.ts'
import { isProbe } from '../lib/host/probe.ts'
import { parseCompileEvent } from '../lib/kernels/wire.ts'
import { DEFAULT_LIMITS } from '../lib/limits.ts'
import { parseAnswer } from '../lib/relay/detached-records.ts'
import { readRequest } from '../lib/relay/detached-request.ts'
import { parseRelayEvent } from '../lib/relay/detached-task.ts'
import { createFleetSecret, deriveReceiptKey } from '../lib/trust/fleet-secret.ts'
import { inspectBundle } from '../lib/trust/inspect-bundle.ts'
import { randomId } from '../lib/trust/keys.ts'
import { POLICY_TYPE, verifyPolicy } from '../lib/trust/policy.ts'
import { verifyOwnPolicyFile, verifyPolicyFile } from '../lib/trust/policy-file.ts'
import { verifyReceipt } from '../lib/trust/receipt.ts'
import { openAuthorSigned } from '../lib/trust/state/author-signed.ts'
import { createClientStateKey, openClientSealed } from '../lib/trust/state/client-sealed.ts'
import { openState, readStateHeader } from '../lib/trust/state/fleet-sealed.ts'
import { verifyBundle } from '../lib/trust/verify-bundle.ts'
import { admissionOf, alice, ENGINE, fixedRandom, grantOf, keyringOf, NOW, root } from './trust/fixture.ts'

const path = (name: string) => new URL(`golden/v1/${name}`, import.meta.url)
const bytes = (name: string) => new Uint8Array(readFileSync(path(name)))
const json = (name: string) => JSON.parse(readFileSync(path(name), 'utf8'))

/** The whole refusal, which a person reads: fact, value, remedy. */
const outdated = (what: string, command: string) =>
  expect.objectContaining({
    situation: 'refused',
    code: 'VERSION_UNSUPPORTED',
    message: `${what} has format version 1; this version of Lander reads version ${FORMAT_VERSION}`,
    remedy: expect.stringContaining(command),
  })

const secret = createFleetSecret(fixedRandom)
const expected = { fleet: 'default', mission: randomId(fixedRandom), manifest: ENGINE, kind: 'agent' as const }
const here = { limits: DEFAULT_LIMITS, now: NOW, expected: { ...expected, to: 'us-east-1', engine: ENGINE, abi: 1 } }

describe('what version 1 made is refused', () => {
  test('a bundle', () => {
    const refusal = outdated('the bundle', 'lander pack')
    expect(() => verifyBundle({ ...admissionOf(), file: bytes('bundle.lander') })).toThrowError(refusal)
    expect(() => inspectBundle(bytes('bundle.lander'), new Map())).toThrowError(refusal)
  })

  test('an order, also one by a key that nobody knows', () => {
    const refusal = outdated('the order', 'lander run')
    const admission = { ...admissionOf(), order: json('order.json') }
    expect(() => verifyBundle(admission)).toThrowError(refusal)
    const keyring = keyringOf({ keys: [grantOf(alice, 'alice')] })
    expect(() => verifyBundle({ ...admission, keyring })).toThrowError(refusal)
  })

  test('a key policy, for places and for its owner', () => {
    const refusal = outdated('the key policy', 'lander trust publish')
    const checks = { rootKey: root.publicKey, fleet: 'default', now: NOW }
    expect(() => verifyPolicy(json('policy.json'), checks)).toThrowError(refusal)
    expect(() => verifyPolicyFile(bytes('policy.json'), checks)).toThrowError(refusal)
    expect(() => verifyOwnPolicyFile(bytes('policy.json'), checks)).toThrowError(refusal)
  })

  test('a receipt', () => {
    const keys = new Map([[1, deriveReceiptKey(secret, 'default', 1).publicKey]])
    expect(() => verifyReceipt(json('receipt.json'), { fleet: 'default', keys })).toThrowError(
      outdated('the receipt', 'lander run'),
    )
  })

  const refusedState = outdated('the sealed state', 'lander run')
  test('a state that the fleet sealed', () => {
    const sealed = bytes('fleet-sealed-state.bin')
    expect(() => openState(sealed, { ...here, secret })).toThrowError(refusedState)
    expect(() => readStateHeader(sealed)).toThrowError(refusedState)
  })

  test('a state that its authors signed', () => {
    const checks = { ...here, keyring: keyringOf(), authors: [grantOf(alice, 'alice')], clientPlaces: ['thread'] }
    expect(() => openAuthorSigned(bytes('author-signed-state.bin'), checks)).toThrowError(refusedState)
  })

  test('a state that was sealed for the client', () => {
    const checks = {
      ...here,
      key: createClientStateKey(fixedRandom),
      receiptKeys: new Map(),
      regions: ['eu-central-1'],
    }
    expect(() => openClientSealed(bytes('client-sealed-state.bin'), checks)).toThrowError(refusedState)
  })

  test('a fleet file', async () => {
    const file = path('fleet.json').pathname
    await expect(readFleetFile(file)).rejects.toThrowError(outdated(file, 'lander fleet import'))
    expect(() => parseFleet(json('fleet.json'))).toThrowError(outdated('the fleet', 'lander local up'))
  })

  test('an invocation, with everything in it', () => {
    expect(() => parseInvocation(json('invocation.json'))).toThrowError(
      outdated('the invocation', 'lander fleet check'),
    )
  })

  test('a probe, a request to compile, and what starts or answers a relay', async () => {
    expect(isProbe({ lander: 1, probe: true })).toBe(false)
    const event = { lander: 1, source: 'int f(void) { return 1; }', language: 'c' }
    expect(() => parseCompileEvent(event)).toThrowError(outdated('the request to compile a kernel', 'cdk deploy'))
    const relay = { lander: 1, relay: 'A'.repeat(22), generation: 1 }
    expect(() => parseRelayEvent(relay)).toThrowError(outdated('the event for the relay', 'lander fleet check'))
    const answer = Buffer.from('{"lander":1}')
    expect(() => parseAnswer(answer)).toThrowError(outdated('the answer of the detached mission', 'lander fleet check'))
    await expect(readRequest('A'.repeat(22), { get: async () => answer })).rejects.toThrowError(
      outdated('the request of the detached mission', 'lander run --detach'),
    )
  })
})

describe('a version', () => {
  test('is part of every media type that is signed', () => {
    expect(mediaType('order')).toBe(`application/vnd.lander.order.v${FORMAT_VERSION}+json`)
  })

  test('is read from the type before a signature is checked, and later ones are refused too', () => {
    const later = 'application/vnd.lander.policy.v3+json'
    expect(() => requireMediaTypeVersion(later, POLICY_TYPE)).toThrowError(/has format version 3/)
    const unsigned = { ...json('policy.json'), payloadType: later }
    expect(() => verifyPolicy(unsigned, { rootKey: root.publicKey, fleet: 'default', now: NOW })).toThrowError(
      expect.objectContaining({ code: 'VERSION_UNSUPPORTED' }),
    )
  })

  test.each([
    'application/vnd.lander.order.v1+json',
    'application/json',
    'application/vnd.lander.policy.v1',
    'application/vnd.lander.policy.v9999999999+json',
  ])('is not looked for in %s, which is another type', (type) => {
    expect(() => requireMediaTypeVersion(type, POLICY_TYPE)).not.toThrow()
  })

  test.each([null, undefined, 'text', 1, {}, { lander: '1' }, { lander: 1.5 }, { lander: FORMAT_VERSION }])(
    'is not refused in %j: that is for the schema to judge',
    (value) => {
      expect(() => requireDocumentVersion(value, FORMATS.order)).not.toThrow()
    },
  )
})
