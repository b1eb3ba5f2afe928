import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import {
  createFleetSecret,
  currentEpoch,
  deriveReceiptKey,
  deriveSealingKey,
  type FleetSecret,
  formatFleetSecret,
  liveEpochs,
  parseFleetSecret,
  ROTATION_OVERLAP_MS,
  rotateSecret,
  type SealingContext,
} from '../../lib/trust/fleet-secret.ts'
import type { RandomBytes } from '../../lib/trust/keys.ts'
import { ENGINE, fixedRandom, NOW } from './fixture.ts'

const counting =
  (first: number): RandomBytes =>
  (length) =>
    new Uint8Array(length).fill(first)

const first = createFleetSecret(counting(1))
const second = rotateSecret(first, NOW, { random: counting(2) })

const context: SealingContext = {
  epoch: 1,
  fleet: 'default',
  mission: 'BwcHBwcHBwcHBwcHBwcHBw',
  manifest: ENGINE,
  branch: 'eu-west-1',
  kind: 'agent',
  sequence: 3,
  from: 'eu-west-1',
  to: 'us-east-1',
  engine: ENGINE,
  abi: 1,
}

describe('the document', () => {
  test('reads what was written', () => {
    expect(parseFleetSecret(formatFleetSecret(second))).toEqual(second)
  })

  test('derives epoch 1 from the password of Secrets Manager, always the same', () => {
    const generated = 'a1B2'.repeat(16)
    expect(parseFleetSecret(generated)).toEqual(parseFleetSecret(generated))
    expect(parseFleetSecret(generated).epochs).toMatchObject([{ epoch: 1 }])
    expect(parseFleetSecret(generated)).not.toEqual(parseFleetSecret('a1B3'.repeat(16)))
  })

  const key = toBase64url(fixedRandom(32))
  const refused: Record<string, unknown> = {
    'no epoch': { lander: 1, epochs: [] },
    'three epochs': {
      lander: 1,
      epochs: [
        { epoch: 1, key, notAfter: 1 },
        { epoch: 2, key, notAfter: 2 },
        { epoch: 3, key },
      ],
    },
    'epochs out of order': {
      lander: 1,
      epochs: [
        { epoch: 2, key, notAfter: 1 },
        { epoch: 1, key },
      ],
    },
    'one epoch twice': {
      lander: 1,
      epochs: [
        { epoch: 1, key, notAfter: 1 },
        { epoch: 1, key },
      ],
    },
    'a former epoch without an end': {
      lander: 1,
      epochs: [
        { epoch: 1, key },
        { epoch: 2, key },
      ],
    },
    'a current epoch with an end': { lander: 1, epochs: [{ epoch: 1, key, notAfter: 1 }] },
    'epoch 0': { lander: 1, epochs: [{ epoch: 0, key }] },
    'a short key': { lander: 1, epochs: [{ epoch: 1, key: key.slice(1) }] },
    'an unknown field': { lander: 1, epochs: [{ epoch: 1, key }], note: '' },
  }
  test.each(Object.entries(refused))('is refused with %s', (_, document) => {
    expect(() => parseFleetSecret(JSON.stringify(document))).toThrow(
      expect.objectContaining({ code: 'SECRET_MALFORMED' }),
    )
  })

  test('is not quoted in the error that refuses it', () => {
    const error = caught(() => parseFleetSecret(`{"lander":1,"epochs":[{"epoch":1,"key":"TOPSECRET"}]}`))
    expect(JSON.stringify([String(error), (error as Error).cause ?? null])).not.toContain('TOPSECRET')
  })
})

describe('rotation', () => {
  test('adds an epoch, and keeps the former one as long as any order may be valid', () => {
    expect(second.epochs.map(({ epoch }) => epoch)).toEqual([1, 2])
    expect(currentEpoch(second).epoch).toBe(2)
    expect(liveEpochs(second, NOW + ROTATION_OVERLAP_MS - 1)).toHaveLength(2)
    expect(liveEpochs(second, NOW + ROTATION_OVERLAP_MS)).toHaveLength(1)
  })

  test('is refused during another rotation', () => {
    expect(() => rotateSecret(second, NOW + 60_000)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('drops an epoch that has ended', () => {
    const third = rotateSecret(second, NOW + ROTATION_OVERLAP_MS, { random: counting(3) })
    expect(third.epochs.map(({ epoch }) => epoch)).toEqual([2, 3])
  })

  test('without overlap ends every epoch before it', () => {
    const third = rotateSecret(second, NOW + 1, { overlapMs: 0, random: counting(3) })
    expect(third.epochs.map(({ epoch }) => epoch)).toEqual([3])
  })

  test('leaves the keys of the former epoch as they were', () => {
    expect(deriveReceiptKey(second, 'default', 1).keyId).toBe(deriveReceiptKey(first, 'default', 1).keyId)
    expect(deriveSealingKey(second, context)).toEqual(deriveSealingKey(first, context))
  })
})

describe('derived keys', () => {
  test('of receipts differ by fleet, epoch and secret', () => {
    const other = createFleetSecret(counting(9))
    const ids = [
      deriveReceiptKey(second, 'default', 1),
      deriveReceiptKey(second, 'default', 2),
      deriveReceiptKey(second, 'other', 1),
      deriveReceiptKey(other, 'default', 1),
    ].map(({ keyId }) => keyId)
    expect(new Set(ids).size).toBe(4)
  })

  test('of states differ with every part of the context', () => {
    const others: Partial<SealingContext>[] = [
      { epoch: 2 },
      { fleet: 'other' },
      { mission: 'CAgICAgICAgICAgICAgICA' },
      { manifest: toBase64url(fixedRandom(32)) },
      { branch: 'eu-west-1/0.1' },
      { kind: 'answer' },
      { sequence: 4 },
      { from: 'eu-west-2' },
      { to: 'us-east-2' },
      { engine: toBase64url(fixedRandom(32)) },
      { abi: 2 },
      { from: context.to, to: context.from },
    ]
    const keys = [{}, ...others].map((change) => toBase64url(deriveSealingKey(second, { ...context, ...change })))
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('of states do not collide when text moves between neighbouring fields', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (from, to, cut) => {
        const joined = from + to
        const at = cut % (joined.length + 1)
        const moved = { from: joined.slice(0, at), to: joined.slice(at) }
        fc.pre(moved.from !== from && !/\p{Surrogate}/u.test(from + moved.from + to + moved.to))
        expect(deriveSealingKey(first, { ...context, ...moved })).not.toEqual(
          deriveSealingKey(first, { ...context, from, to }),
        )
      }),
    )
  })

  test('are refused for an unknown epoch', () => {
    const unknown: FleetSecret = rotateSecret(first, NOW, { overlapMs: 0 })
    expect(() => deriveReceiptKey(unknown, 'default', 1)).toThrow(expect.objectContaining({ code: 'EPOCH_UNKNOWN' }))
    expect(() => deriveSealingKey(unknown, context)).toThrow(expect.objectContaining({ code: 'EPOCH_UNKNOWN' }))
  })

  // HKDF-SHA-256 over a key of 32 bytes 0x01, from Python: hmac.new(hmac.new(bytes(32), key, 'sha256').digest(), info + b'\x01', 'sha256')
  test('equal those of an independent HKDF', () => {
    expect(toBase64url(deriveSealingKey(first, context))).toBe('vJCHC3rUliXrAxg86aSSGMWFPUBTb-GVDi61tKgZCJc')
  })
})

function caught(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
