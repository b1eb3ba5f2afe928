import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateCost } from '../../lib/gravity/cost.ts'
import { PUBLISHED_PRICES } from '../../lib/gravity/prices.ts'
import { amountFor, internetUsd, marginalUsd } from '../../lib/gravity/tiers.ts'
import { estimateTransfer, fetchLines, secondsAt } from '../../lib/gravity/transfer.ts'
import { BYTES_PER_BILLED_GB as GB } from '../../lib/gravity/units.ts'

const now = new Date('2026-11-23')

describe('money', () => {
  it('adds up its lines', () => {
    const { usd, lines } = estimateCost({
      transfers: [
        { from: 'us-east-1', to: 'eu-west-1', bytes: 2 ** 40 },
        { from: 'us-east-1', to: 'client', bytes: 200 * GB },
      ],
      requests: [{ region: 'us-east-1', gets: 1_000_000, puts: 1000 }],
      compute: [{ region: 'us-east-1', gbSeconds: 1000, invocations: 10 }],
    })
    expect(lines).toEqual([
      { what: 'transfer of 1.1 TB from us-east-1 to eu-west-1', usd: 20.48 },
      { what: 'transfer of 215 GB from us-east-1 to the internet', usd: 9 },
      { what: '1,000,000 GET requests in us-east-1', usd: 0.4 },
      { what: '1,000 PUT requests in us-east-1', usd: 0.005 },
      { what: '1,000 GB-seconds of Lambda (arm64) in us-east-1', usd: 0.0133334 },
      { what: '10 Lambda requests in us-east-1', usd: expect.closeTo(2e-6) },
    ])
    expect(usd).toBeCloseTo(29.898_335_4)
  })

  it('charges nothing within a region, from the internet, and for nothing', () => {
    expect(estimateCost({ transfers: [{ from: 'us-east-1', to: 'us-east-1', bytes: 1e15 }] }).usd).toBe(0)
    expect(estimateCost({ transfers: [{ from: 'client', to: 'us-east-1', bytes: 1e15 }] }).usd).toBe(0)
    expect(estimateCost({}).usd).toBe(0)
  })

  it('gives the discount of billions of GB-seconds where it is published', () => {
    const compute = (region: string) => [{ region, gbSeconds: 10e9, architecture: 'x86' as const }]
    expect(estimateCost({ compute: compute('us-east-1') }).usd).toBeCloseTo(6e9 * 1.66667e-5 + 4e9 * 1.5e-5)
    expect(estimateCost({ compute: compute('eu-west-1') }).usd).toBeCloseTo(10e9 * 1.66667e-5)
  })

  it('shares the free tier of Lambda between regions', () => {
    const compute = ['us-east-1', 'eu-west-1'].map((region) => ({ region, gbSeconds: 300_000, invocations: 600_000 }))
    const { lines } = estimateCost({ compute, lambdaFreeTier: true })
    expect(lines.map(({ usd }) => usd)).toEqual([0, expect.closeTo(200_000 * 1.33334e-5), expect.closeTo(0.04)])
  })

  it('names the date of the oldest price it used, and warns past twelve months', () => {
    const quote = estimateCost({ transfers: [{ from: 'us-east-1', to: 'eu-west-1', bytes: 1 }], now })
    expect(quote.pricesAsOf).toBe('2023-04-27')
    expect(quote.warnings).toEqual([
      expect.stringContaining('transfer between regions are of 2023-04-27, 42 months old'),
    ])
    const fresh = estimateCost({
      transfers: [{ from: 'us-east-1', to: 'eu-west-1', bytes: 1 }],
      now: new Date('2023-06-01'),
    })
    expect(fresh.warnings).toEqual([])
  })

  it.each([
    ['REGION_UNKNOWN', { transfers: [{ from: 'mars-1', to: 'us-east-1', bytes: 1 }] }],
    ['REGION_UNKNOWN', { transfers: [{ from: 'us-east-1', to: 'mars-1', bytes: 1 }] }],
    ['REGION_UNKNOWN', { transfers: [{ from: 'mars-1', to: 'client', bytes: 0 }] }],
    ['REGION_UNKNOWN', { transfers: [{ from: 'client', to: 'mars-1', bytes: 1 }] }],
    ['SIZE_INVALID', { transfers: [{ from: 'us-east-1', to: 'client', bytes: -1 }] }],
    ['SIZE_INVALID', { requests: [{ region: 'us-east-1', gets: Number.NaN }] }],
    ['SIZE_INVALID', { compute: [{ region: 'us-east-1', gbSeconds: Number.POSITIVE_INFINITY }] }],
    ['REGION_UNKNOWN', { transfers: [{ from: 'constructor', to: 'us-east-1', bytes: 1 }] }],
    ['PRICE_UNKNOWN', { transfers: [{ from: 'us-east-1', to: 'ap-southeast-5', bytes: 1 }] }],
    ['PRICE_UNKNOWN', { transfers: [{ from: 'us-gov-west-1', to: 'client', bytes: 1 }] }],
    ['PRICE_UNKNOWN', { requests: [{ region: 'ap-southeast-5', gets: 1 }] }],
    ['PRICE_UNKNOWN', { compute: [{ region: 'eu-south-2', gbSeconds: 1 }] }],
    ['PRICE_UNKNOWN', { compute: [{ region: 'me-central-1', gbSeconds: 1, invocations: 1 }] }],
  ])('answers %s rather than to guess: %o', (code, request) => {
    expect(() => estimateCost(request)).toThrow(expect.objectContaining({ code }))
  })
})

describe('tiers', () => {
  it.each([
    [100, 0],
    [101, 0.09],
    [10_240, 912.6],
    [10_241, 912.685],
    [51_200, 4394.2],
    [153_600, 11_562.2],
    [153_700, 11_567.2],
  ])('%d GB to the internet cost $%d, the first hundred free', (gb, usd) => {
    expect(internetUsd([{ from: 'us-east-1', bytes: gb * GB }], PUBLISHED_PRICES)).toBeCloseTo(usd, 6)
  })

  it('begin where the month stands', () => {
    expect(internetUsd([{ from: 'us-east-1', bytes: 1000 * GB }], PUBLISHED_PRICES, 10_000)).toBeCloseTo(
      240 * 0.09 + 760 * 0.085,
    )
    expect(internetUsd([{ from: 'us-east-1', bytes: 100 * GB }], PUBLISHED_PRICES, 50)).toBeCloseTo(50 * 0.09)
  })

  it('share the free GB between regions in proportion', () => {
    const flows = ['us-east-1', 'sa-east-1'].map((from) => ({ from, bytes: 100 * GB }))
    expect(internetUsd(flows, PUBLISHED_PRICES)).toBeCloseTo(50 * 0.09 + 50 * 0.15)
  })

  it('cost the same in one go as in two', () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(amount, amount, (first, second) => {
        const usd = (from: number, to: number) => marginalUsd(from, to, [10_240, 51_200, null], [0.09, 0.085, 0.07])
        expect(usd(0, first) + usd(first, first + second)).toBeCloseTo(usd(0, first + second), 4)
      }),
    )
  })

  it('say how much a sum of money pays for', () => {
    const tiers = [
      [10_240, 51_200, null],
      [0.09, 0.085, 0.07],
    ] as const
    expect(amountFor(marginalUsd(500, 20_000, ...tiers), 500, ...tiers)).toBeCloseTo(19_500)
    expect(amountFor(0, 0, ...tiers)).toBe(0)
    expect(amountFor(Number.POSITIVE_INFINITY, 0, ...tiers)).toBe(Number.POSITIVE_INFINITY)
    expect(amountFor(1, 0, [null], [0])).toBe(Number.POSITIVE_INFINITY)
  })

  it('never make more cheaper than less', () => {
    const volume = fc.integer({ min: 0, max: 2 ** 52 })
    fc.assert(
      fc.property(volume, volume, (a, b) => {
        const usd = (bytes: number) => internetUsd([{ from: 'eu-west-1', bytes }], PUBLISHED_PRICES)
        expect(usd(Math.max(a, b))).toBeGreaterThanOrEqual(usd(Math.min(a, b)))
      }),
    )
  })
})

describe('time', () => {
  it('is eight times the bytes over what the link gives', () => {
    expect(estimateTransfer({ bytes: 1e9, bitsPerSecond: 1e9 })).toEqual({
      seconds: 8,
      days: 8 / 86_400,
      bottleneck: 'link',
    })
    expect(estimateTransfer({ bytes: 1e9, bitsPerSecond: 1e9, utilisation: 0.5 }).seconds).toBe(16)
  })

  it('is the drive’s where that is slower', () => {
    expect(estimateTransfer({ bytes: 1e9, bitsPerSecond: 1e10, driveBytesPerSecond: 1e8 })).toMatchObject({
      seconds: 10,
      bottleneck: 'drive',
    })
  })

  it.each([
    { bytes: -1, bitsPerSecond: 1 },
    { bytes: Number.NaN, bitsPerSecond: 1 },
    { bytes: Number.POSITIVE_INFINITY, bitsPerSecond: 1 },
    { bytes: 1, bitsPerSecond: 0 },
    { bytes: 1, bitsPerSecond: -1 },
    { bytes: 1, bitsPerSecond: Number.POSITIVE_INFINITY },
    { bytes: 1, bitsPerSecond: 1, utilisation: 0 },
    { bytes: 1, bitsPerSecond: 1, utilisation: 1.01 },
    { bytes: 1, bitsPerSecond: 1, driveBytesPerSecond: 0 },
  ])('refuses %o', (request) => {
    expect(() => estimateTransfer(request)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }))
  })

  it('follows Lambda’s token bucket: 300 MiB at 1.2 GiB/s, then 75 MiB/s', () => {
    const lines = fetchLines({ connectionBytesPerSecond: 85e6, connections: 32, workers: 1 })
    expect(secondsAt(lines, 300 * 2 ** 20)).toBeCloseTo(0.244, 3)
    expect(secondsAt(lines, 1050 * 2 ** 20)).toBeCloseTo(0.244 + 10, 3)
    expect(secondsAt(lines, 0)).toBe(0)
  })

  it('is never faster than the connections, and shared by workers', () => {
    const slow = fetchLines({ connectionBytesPerSecond: 20e6, connections: 2, workers: 1 })
    expect(secondsAt(slow, 400e6)).toBe(10)
    const shared = fetchLines({ connectionBytesPerSecond: 20e6, connections: 2, workers: 10 })
    expect(secondsAt(shared, 400e6)).toBe(1)
  })
})
