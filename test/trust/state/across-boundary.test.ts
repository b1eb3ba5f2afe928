import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../lib/encoding/bytes.ts'
import { DEFAULT_LIMITS } from '../../../lib/limits.ts'
import { randomId } from '../../../lib/trust/keys.ts'
import {
  isAuthorSigned,
  openAuthorSigned,
  type SignedStateChecks,
  signState,
} from '../../../lib/trust/state/author-signed.ts'
import {
  type ClientSealedChecks,
  createClientStateKey,
  isClientSealed,
  openClientSealed,
  sealForClient,
} from '../../../lib/trust/state/client-sealed.ts'
import type { StateHeader, TravellingState } from '../../../lib/trust/state/format.ts'
import { alice, bob, DAY_MS, ENGINE, fixedRandom, grantOf, keyringOf, mallory, NOW, root } from '../fixture.ts'

const context: Omit<StateHeader, 'epoch'> = {
  fleet: 'default',
  mission: randomId(fixedRandom),
  manifest: ENGINE,
  branch: 'thread',
  kind: 'agent',
  sequence: 3,
  from: 'thread',
  to: 'eu-central-1',
  engine: ENGINE,
  abi: 1,
  expiresAt: NOW + DAY_MS,
}
const state: TravellingState = {
  pages: 21,
  copy: null,
  spent: DEFAULT_LIMITS,
  receipt: ENGINE,
  bytes: utf8('every variable intact'),
} // prettier-ignore
const { fleet, mission, manifest, engine, abi } = context
const expected = { fleet, mission, manifest, kind: 'agent' as const, engine, abi }
const room = { limits: DEFAULT_LIMITS, now: NOW }
const [aliceGrant, bobGrant] = [grantOf(alice, 'alice'), grantOf(bob, 'bob')]

/** About forty positions across the state. */
const positions = (sealed: Uint8Array) => Array.from({ length: 40 }, (_, i) => Math.floor((i * sealed.length) / 40))
const flip = (sealed: Uint8Array, at: number) =>
  Uint8Array.from(sealed, (byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))

describe('a signed state', () => {
  const keyring = keyringOf({ keys: [aliceGrant, bobGrant] })
  const checks: SignedStateChecks = {
    ...room,
    expected: { ...expected, to: 'eu-central-1' },
    keyring,
    authors: [aliceGrant],
    clientPlaces: ['thread'],
  }
  const sealed = signState(context, state, [alice])
  const codeOf = (changes: Partial<SignedStateChecks>, what = sealed) => {
    try {
      openAuthorSigned(what, { ...checks, ...changes })
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test('opens with its whole content', () => {
    expect(isAuthorSigned(sealed)).toBe(true)
    expect(openAuthorSigned(sealed, checks)).toEqual({ header: { ...context, epoch: 0 }, state })
  })

  test('does not open with a flipped, missing or additional bit', () => {
    for (const at of positions(sealed)) expect(codeOf({}, flip(sealed, at))).toBeDefined()
    for (const end of [0, 3, 8, 200, sealed.length - 1]) expect(codeOf({}, sealed.subarray(0, end))).toBeDefined()
    expect(codeOf({}, Uint8Array.from([...sealed, 0]))).toBe('STATE_INVALID')
  })

  test('must be signed by exactly the authors, who are known and not revoked', () => {
    expect(codeOf({}, signState(context, state, [bob]))).toBe('POLICY_DENIED')
    expect(codeOf({}, signState(context, state, [alice, bob]))).toBe('POLICY_DENIED')
    expect(codeOf({ authors: [aliceGrant, bobGrant] })).toBe('POLICY_DENIED')
    expect(codeOf({}, signState(context, state, [mallory]))).toBe('KEY_UNKNOWN')
    const revoked = keyringOf({ keys: [{ ...aliceGrant, status: 'revoked' }] })
    expect(codeOf({ keyring: revoked })).toBe('KEY_REVOKED')
  })

  test('is only for its mission, place and landing, from a client place of the order', () => {
    const other = (changes: object) => codeOf({ expected: { ...checks.expected, ...changes } })
    expect(other({ mission: randomId() })).toBe('STATE_MISMATCH')
    expect(other({ to: 'us-east-1' })).toBe('STATE_MISMATCH')
    expect(other({ fleet: 'other' })).toBe('STATE_MISMATCH')
    expect(other({ engine: 'A'.repeat(43) })).toBe('ENGINE_MISMATCH')
    expect(codeOf({ notOlderThan: 4 })).toBe('STATE_STALE')
    expect(codeOf({ now: context.expiresAt })).toBe('STATE_EXPIRED')
    expect(codeOf({ clientPlaces: ['tasklet'] })).toBe('STATE_MISMATCH')
  })

  test('is not inflated beyond the limits', () => {
    const bomb = signState(context, { ...state, bytes: new Uint8Array(4_000_000) }, [alice])
    expect(bomb.length).toBeLessThan(5000)
    expect(codeOf({ limits: { ...DEFAULT_LIMITS, stateBytes: 3_999_999 } }, bomb)).toBe('STATE_TOO_LARGE')
    expect(codeOf({ limits: { ...DEFAULT_LIMITS, memoryPages: 20 } })).toBe('STATE_TOO_LARGE')
  })
})

describe('a state that was sealed for the client', () => {
  const key = createClientStateKey()
  const client = { ...context, from: 'eu-central-1', to: 'thread' }
  const checks: ClientSealedChecks = {
    ...room,
    expected: { ...expected, to: 'thread' },
    key,
    receiptKeys: new Map([[2, root.publicKey]]),
    regions: ['eu-central-1'],
  }
  const signer = { epoch: 2, key: root }
  const seal = (changes: Partial<StateHeader> = {}, what: Partial<TravellingState> = {}, by = signer) =>
    sealForClient({ ...client, ...changes }, { ...state, ...what }, { recipient: key.publicKey, signer: by })
  const sealed = seal()
  const codeOf = (changes: Partial<ClientSealedChecks>, what = sealed) => {
    try {
      openClientSealed(what, { ...checks, ...changes })
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test('opens with any content, and reveals none of it', () => {
    expect(isClientSealed(sealed)).toBe(true)
    expect(openClientSealed(sealed, checks)).toEqual({ header: { ...client, epoch: 2 }, state })
    expect(Buffer.from(sealed).includes('variable')).toBe(false)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        expect(openClientSealed(seal({}, { bytes: Uint8Array.from(bytes) }), checks).state.bytes).toEqual(bytes)
      }),
      { numRuns: 5 },
    )
  })

  test('does not open with a flipped or missing bit', () => {
    for (const at of positions(sealed)) expect(codeOf({}, flip(sealed, at))).toBeDefined()
    for (const end of [0, 6, 300, sealed.length - 1]) expect(codeOf({}, sealed.subarray(0, end))).toBeDefined()
  })

  test('opens only with the mission’s key and the fleet’s signature', () => {
    expect(codeOf({ key: createClientStateKey() })).toBe('STATE_INVALID')
    expect(codeOf({ receiptKeys: new Map([[2, alice.publicKey]]) })).toBe('SIGNATURE_INVALID')
    expect(codeOf({ receiptKeys: new Map([[1, root.publicKey]]) })).toBe('EPOCH_UNKNOWN')
    expect(codeOf({}, seal({}, {}, { epoch: 2, key: mallory }))).toBe('SIGNATURE_INVALID')
  })

  test('is only for its mission, place and landing, from a region of the order', () => {
    const other = (changes: object) => codeOf({ expected: { ...checks.expected, ...changes } })
    expect(other({ mission: randomId() })).toBe('STATE_MISMATCH')
    expect(other({ to: 'tasklet' })).toBe('STATE_MISMATCH')
    expect(other({ kind: 'answer' })).toBe('STATE_MISMATCH')
    expect(codeOf({ regions: ['us-east-1'] })).toBe('STATE_MISMATCH')
    expect(codeOf({ notOlderThan: 4 })).toBe('STATE_STALE')
    expect(codeOf({ now: context.expiresAt })).toBe('STATE_EXPIRED')
  })

  test('is padded, so that its size says little', () => {
    const sizes = [5000, 5010, 5020].map((length) => seal({}, { bytes: randomFillSync(new Uint8Array(length)) }).length)
    expect(new Set(sizes).size).toBe(1)
  })

  test('is not sealed for a low-order key', () => {
    const recipient = new Uint8Array(32)
    expect(() => sealForClient(client, state, { recipient, signer })).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    )
  })
})
