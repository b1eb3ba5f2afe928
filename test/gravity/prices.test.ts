import { describe, expect, it } from 'vitest'
import {
  datePrices,
  internetTierPrices,
  interRegionUsdPerGB,
  lambdaUsdPerGBSecond,
  PUBLISHED_PRICES,
  parsePrices,
  s3RequestPrice,
} from '../../lib/gravity/prices.ts'

const invalid = expect.objectContaining({ code: 'PROBLEM_INVALID' })
const file = { source: 'my contract', asOf: '2026-11-01' }

describe('published prices', () => {
  it('depend only on the source, except for one pair', () => {
    expect(interRegionUsdPerGB('us-east-1', 'ap-south-1')).toBe(0.02)
    expect(interRegionUsdPerGB('ap-south-1', 'us-east-1')).toBe(0.086)
    expect(interRegionUsdPerGB('us-east-1', 'us-east-2')).toBe(0.01)
    expect(interRegionUsdPerGB('us-east-1', 'us-east-1')).toBe(0)
  })

  it('cover every pair of the 26 priced regions', () => {
    const pairs = Object.values(PUBLISHED_PRICES.interRegionUsdPerGB).flatMap((row) => Object.values(row))
    expect(pairs).toHaveLength(26 * 25)
    expect(Math.max(...pairs)).toBe(0.147)
  })
})

describe('a price file', () => {
  it('replaces its sections and keeps the others', () => {
    const prices = parsePrices({ ...file, interRegionUsdPerGB: { 'us-east-1': { 'eu-west-1': 0.012 } } })
    expect(interRegionUsdPerGB('us-east-1', 'eu-west-1', prices)).toBe(0.012)
    expect(s3RequestPrice('us-east-1', prices)).toEqual(s3RequestPrice('us-east-1'))
    expect(prices.provenance.interRegionUsdPerGB).toEqual(file)
    expect(prices.provenance.s3).toBe(PUBLISHED_PRICES.provenance.s3)
  })

  it('with a missing pair is an error, not a silent fallback', () => {
    const prices = parsePrices({ ...file, interRegionUsdPerGB: { 'us-east-1': { 'eu-west-1': 0.012 } } })
    expect(() => interRegionUsdPerGB('us-east-1', 'eu-west-2', prices)).toThrow(
      expect.objectContaining({
        code: 'PRICE_UNKNOWN',
        message: 'no price is known for data from us-east-1 to eu-west-2 (my contract, 2026-11-01)',
        remedy: expect.stringContaining('lander prices refresh'),
      }),
    )
  })

  it('may have regions that the tables lack', () => {
    const prices = parsePrices({
      ...file,
      lambda: { 'mars-1': { x86UsdPerGBSecond: 2e-5, arm64UsdPerGBSecond: 1e-5, usdPerRequest: 2e-7 } },
    })
    expect(lambdaUsdPerGBSecond('mars-1', 'arm64', prices)).toBe(1e-5)
    expect(lambdaUsdPerGBSecond('mars-1', 'x86', prices)).toBe(2e-5)
  })

  it('has its own tiers', () => {
    const prices = parsePrices({
      ...file,
      internet: { freeGBPerMonth: 1, tierUpperGB: [10, null], usdPerGB: { 'us-east-1': [0.1, 0.05] } },
    })
    expect(internetTierPrices('us-east-1', prices)).toEqual([0.1, 0.05])
    expect(() => internetTierPrices('eu-west-1', prices)).toThrow(expect.objectContaining({ code: 'PRICE_UNKNOWN' }))
  })

  it.each([
    ['no object', 'prices'],
    ['no source', { asOf: '2026-11-01' }],
    ['no date', { source: 'me' }],
    ['a date that is none', { source: 'me', asOf: 'yesterday' }],
    ['an unknown field', { ...file, discount: 0.5 }],
    ['a negative price', { ...file, interRegionUsdPerGB: { a: { b: -1 } } }],
    ['a price that is no number', { ...file, interRegionUsdPerGB: { a: { b: '0.02' } } }],
    ['an endless price', { ...file, interRegionUsdPerGB: { a: { b: Number.POSITIVE_INFINITY } } }],
    ['too few tiers', { ...file, internet: { usdPerGB: { a: [0.1] } } }],
    ['tiers that do not end', { ...file, internet: { tierUpperGB: [10], usdPerGB: { a: [0.1] } } }],
    ['tiers that fall', { ...file, internet: { tierUpperGB: [20, 10, null], usdPerGB: { a: [0.1, 0.1, 0.1] } } }],
    ['a Lambda price without arm64', { ...file, lambda: { a: { x86UsdPerGBSecond: 1 } } }],
  ])('with %s is refused', (_name, value) => {
    expect(() => parsePrices(value)).toThrow(invalid)
  })

  it('names the faulty field', () => {
    expect(() => parsePrices({ ...file, s3: { 'us-east-1': { getUsdPer1000: -1, putUsdPer1000: 0 } } })).toThrow(
      's3.us-east-1.getUsdPer1000',
    )
  })
})

describe('the date of a quote', () => {
  it('is that of the oldest section used', () => {
    const now = new Date('2024-03-01')
    expect(datePrices(['lambda', 's3', 's3'], PUBLISHED_PRICES, now)).toEqual({
      pricesAsOf: '2023-12-07',
      warnings: [],
    })
    expect(datePrices([], PUBLISHED_PRICES, now)).toEqual({ pricesAsOf: '', warnings: [] })
  })
})
