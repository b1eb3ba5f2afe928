import { describe, expect, test } from 'vitest'
import { manifestPayload } from '../../lib/bundle/manifest.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf } from '../../lib/encoding/digest.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import { parseEnvelope } from '../../lib/trust/envelope.ts'
import { createOrder, MAX_ORDER_LIFETIME_MS, type Order, parseOrder, signOrder } from '../../lib/trust/order.ts'
import { bob, bundleOf, DAY_MS, fixedRandom, INPUT, logs, NOW } from './fixture.ts'

const { manifest } = bundleOf()
const order = createOrder({ manifest, input: INPUT, now: NOW, random: fixedRandom })
const malformed = expect.objectContaining({ situation: 'refused', code: 'ORDER_MALFORMED' })

describe('an order', () => {
  test('allows what its manifest allows, names manifest and input, and is valid for an hour', () => {
    expect(order).toEqual({
      lander: FORMAT_VERSION,
      mission: 'BwcHBwcHBwcHBwcHBwcHBw',
      nonce: 'BwcHBwcHBwcHBwcHBwcHBw',
      manifest: digestOf(manifestPayload(manifest)),
      input: digestOf(utf8(INPUT)),
      fleet: 'default',
      regions: ['eu-central-1'],
      scopes: [logs],
      limits: DEFAULT_LIMITS,
      issuedAt: NOW,
      expiresAt: NOW + 3_600_000,
    })
  })

  test('is read back from its envelope', () => {
    expect(parseOrder(parseEnvelope(signOrder(order, bob)).payload)).toEqual(order)
  })

  test('may be a trial run on the heads of objects', () => {
    const trial = createOrder({ manifest, input: INPUT, now: NOW, headBytes: 1000 })
    expect(parseOrder(parseEnvelope(signOrder(trial, bob)).payload)).toMatchObject({ headBytes: 1000 })
  })

  test('never expires after its manifest', () => {
    const now = manifest.expiresAt - 1000
    expect(createOrder({ manifest, input: INPUT, now }).expiresAt).toBe(manifest.expiresAt)
  })

  test('has a new mission and nonce', () => {
    const [a, b] = [1, 2].map(() => createOrder({ manifest, input: INPUT, now: NOW }))
    expect(new Set([a!.mission, a!.nonce, b!.mission, b!.nonce]).size).toBe(4)
  })

  test.each<[string, object]>([
    ['with an unknown field', { priority: 1 }],
    ['for heads of no bytes', { headBytes: 0 }],
    ['for heads of half a byte', { headBytes: 0.5 }],
    ['without a nonce', { nonce: undefined }],
    ['with a short nonce', { nonce: 'BwcH' }],
    ['with a nonce of spare bits', { nonce: 'BwcHBwcHBwcHBwcHBwcHBx' }],
    ['for no region', { regions: [] }],
    ['for a region twice', { regions: ['eu-central-1', 'eu-central-1'] }],
    ['for any region', { regions: ['*'] }],
    ['for any fleet', { fleet: '*' }],
    ['for every bucket', { scopes: [{ bucket: '*', prefix: '', actions: ['read'] }] }],
    ['that ends before it begins', { expiresAt: NOW }],
    ['that lives longer than a day', { expiresAt: NOW + MAX_ORDER_LIFETIME_MS + 1 }],
    ['with a time that is no whole number', { issuedAt: NOW + 0.5 }],
  ])('%s is malformed', (_, changes) => {
    const spoiled = { ...order, ...changes }
    expect(() => parseOrder(utf8(JSON.stringify(spoiled)))).toThrowError(malformed)
  })

  test('that would be malformed is not signed', () => {
    expect(() => signOrder({ ...order, expiresAt: NOW + 2 * DAY_MS }, bob)).toThrowError(malformed)
    expect(() => signOrder({ ...order, more: 1 } as Order, bob)).toThrowError(malformed)
  })
})
