import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../../lib/encoding/bytes.ts'
import { DEFAULT_LIMITS, MAX_LIMITS } from '../../../lib/limits.ts'
import { createFleetSecret, ROTATION_OVERLAP_MS, rotateSecret } from '../../../lib/trust/fleet-secret.ts'
import { randomId } from '../../../lib/trust/keys.ts'
import {
  bucketOf,
  type FleetSealedChecks,
  MAX_STATE_BYTES,
  openState,
  type StateHeader,
  sealState,
  type TravellingState,
} from '../../../lib/trust/state/fleet-sealed.ts'
import { DAY_MS, ENGINE, fixedRandom, NOW } from '../fixture.ts'

const secret = createFleetSecret(fixedRandom)
const { engine, manifest } = { engine: ENGINE, manifest: ENGINE }
const spent = { ...DEFAULT_LIMITS, hops: 2 }

const context: Omit<StateHeader, 'epoch'> = {
  fleet: 'default',
  mission: randomId(fixedRandom),
  manifest,
  branch: 'eu-west-1/0.2',
  kind: 'agent',
  sequence: 3,
  from: 'eu-west-1',
  to: 'us-east-1',
  engine,
  abi: 1,
  expiresAt: NOW + DAY_MS,
}

const heap = utf8('every variable intact, '.repeat(200))
const state: TravellingState = {
  pages: 21,
  copy: { call: 2, origin: 'eu-west-1' },
  spent,
  receipt: ENGINE,
  bytes: heap,
}
const checks: FleetSealedChecks = {
  secret,
  expected: { fleet: 'default', mission: context.mission, manifest, kind: 'agent', to: 'us-east-1', engine, abi: 1 },
  notOlderThan: 3,
  limits: DEFAULT_LIMITS,
  now: NOW,
}

const seal = (changes: Partial<StateHeader> = {}, what: Partial<TravellingState> = {}, by = secret) =>
  sealState({ ...context, ...changes }, { ...state, ...what }, { secret: by })

const sealed = seal()

describe('a sealed state', () => {
  test('opens at its place, with its whole content', () => {
    expect(openState(sealed, checks)).toEqual({ header: { ...context, epoch: 1 }, state })
  })

  test('opens with any content', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        const copy = Uint8Array.from(bytes)
        expect(openState(seal({}, { bytes: copy }), checks).state.bytes).toEqual(copy)
      }),
      { numRuns: 30 },
    )
  })

  test('reveals neither content nor size nor usage', () => {
    const seen = Buffer.from(sealed).toString('latin1')
    for (const hidden of ['variable', '"spent"', '"bytes"', '"pages"', '"receipt"']) expect(seen).not.toContain(hidden)
  })

  test('has the same size for contents of similar size', () => {
    const noise = (length: number) => randomFillSync(new Uint8Array(length))
    const sizes = [5000, 5010, 5020].map((length) => seal({}, { bytes: noise(length) }).length)
    expect(new Set(sizes).size).toBe(1)
  })

  test('is different each time', () => {
    expect(seal()).not.toEqual(sealed)
  })

  test('is refused with any bit flipped', () => {
    const flip = (bit: number) => sealed.with(bit >> 3, sealed[bit >> 3]! ^ (1 << (bit & 7)))
    const bits = fc.nat(sealed.length * 8 - 1)
    fc.assert(
      fc.property(bits, (bit) => {
        expect(() => openState(flip(bit), checks)).toThrow(code(/^STATE_|^EPOCH_|^ENGINE_|^VERSION_/))
      }),
      { numRuns: 1000 },
    )
  })

  test('is refused if it is truncated or extended', () => {
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), (length) => {
        expect(() => openState(sealed.subarray(0, length), checks)).toThrow(code(/^STATE_(MALFORMED|INVALID)$/))
      }),
    )
    expect(() => openState(concatBytes(sealed, Uint8Array.of(0)), checks)).toThrow(code('STATE_INVALID'))
  })

  test('is refused with the header of another state', () => {
    const other = seal({ sequence: 4 })
    const end = 7 + ((sealed[5]! << 8) | sealed[6]!)
    expect(() => openState(concatBytes(other.subarray(0, end), sealed.subarray(end)), checks)).toThrow(
      code('STATE_INVALID'),
    )
  })

  const elsewhere: [string, Partial<StateHeader>, string][] = [
    ['fleet', { fleet: 'other' }, 'STATE_MISMATCH'],
    ['mission', { mission: 'CAgICAgICAgICAgICAgICA' }, 'STATE_MISMATCH'],
    ['code', { manifest: digestLike('B') }, 'STATE_MISMATCH'],
    ['kind', { kind: 'answer' }, 'STATE_MISMATCH'],
    ['place', { to: 'eu-central-1' }, 'STATE_MISMATCH'],
    ['engine', { engine: digestLike('B') }, 'ENGINE_MISMATCH'],
    ['contract with the guest', { abi: 2 }, 'ENGINE_MISMATCH'],
  ]
  test.each(elsewhere)('of another %s is refused', (_, change, expected) => {
    expect(() => openState(seal(change), checks)).toThrow(code(expected))
  })

  test('for an older landing is refused, for a later one not', () => {
    expect(() => openState(seal({ sequence: 2 }), checks)).toThrow(code('STATE_STALE'))
    expect(openState(seal({ sequence: 4 }), checks).header.sequence).toBe(4)
  })

  test('is refused from the moment its order expires', () => {
    expect(() => openState(sealed, { ...checks, now: context.expiresAt })).toThrow(code('STATE_EXPIRED'))
  })

  test('of another fleet’s secret does not open, even if that fleet has the same name', () => {
    const other = createFleetSecret((length) => new Uint8Array(length).fill(9))
    expect(() => openState(seal({}, {}, other), checks)).toThrow(code('STATE_INVALID'))
  })
})

describe('a rotation', () => {
  const rotated = rotateSecret(secret, NOW)

  test('opens states of the former epoch while agents are in transit', () => {
    expect(openState(sealed, { ...checks, secret: rotated, now: NOW + 60_000 }).header.epoch).toBe(1)
    expect(openState(seal({}, {}, rotated), { ...checks, secret: rotated }).header.epoch).toBe(2)
  })

  test('ends the former epoch in time', () => {
    const late = { ...checks, secret: rotated, now: NOW + ROTATION_OVERLAP_MS }
    expect(() => openState(seal({ expiresAt: NOW + 9 * DAY_MS }), late)).toThrow(code('EPOCH_UNKNOWN'))
  })

  test('is unknown to a place that has not read the new secret', () => {
    expect(() => openState(seal({}, {}, rotated), checks)).toThrow(code('EPOCH_UNKNOWN'))
  })
})

describe('sizes', () => {
  test('beyond the limits are not sealed', () => {
    const bytes = new Uint8Array(MAX_LIMITS.stateBytes + 1)
    expect(() => seal({}, { bytes })).toThrow(code('STATE_TOO_LARGE'))
  })

  test('beyond those of the run are refused, however well the state compresses', () => {
    const bomb = seal({}, { bytes: new Uint8Array(DEFAULT_LIMITS.stateBytes + 1) })
    expect(bomb.length).toBeLessThan(8192)
    expect(() => openState(bomb, checks)).toThrow(code('STATE_TOO_LARGE'))
    const hungry = seal({}, { pages: DEFAULT_LIMITS.memoryPages + 1 })
    expect(() => openState(hungry, checks)).toThrow(code('STATE_TOO_LARGE'))
  })

  test('are checked before anything else', () => {
    expect(() => openState(new Uint8Array(MAX_STATE_BYTES + 1), checks)).toThrow(code('STATE_TOO_LARGE'))
  })

  test('are padded by at most an eighth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4097, max: MAX_LIMITS.stateBytes }), (length) => {
        const bucket = bucketOf(length)
        expect(bucket).toBeGreaterThanOrEqual(length)
        expect(bucket).toBeLessThanOrEqual(length * 1.125)
        expect(bucketOf(bucket)).toBe(bucket)
      }),
    )
    expect([0, 1, 4096].map(bucketOf)).toEqual([4096, 4096, 4096])
  })
})

function digestLike(message: string): string {
  return `${message.repeat(42)}A`
}

function code(expected: string | RegExp) {
  return expect.objectContaining({ code: typeof expected === 'string' ? expected : expect.stringMatching(expected) })
}
