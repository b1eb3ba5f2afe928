import { describe, expect, it } from 'vitest'
import { PUBLISHED_PRICES } from '../../../lib/gravity/prices.ts'
import { DRIVES_PROVENANCE } from '../../../lib/gravity/tables/drives.ts'
import {
  COLD_START_PROVENANCE,
  coldStartSeconds,
  LAMBDA_LIMITS_PROVENANCE,
  LAMBDA_NETWORK_PROVENANCE,
} from '../../../lib/gravity/tables/lambda-performance.ts'
import {
  bitsPerSecondBetween,
  linkBetween,
  objectBytesPerSecond,
  objectStartSeconds,
  rttMs,
  SAME_REGION_RTT_MS,
} from '../../../lib/gravity/tables/links.ts'
import { OBJECT_DOWNLOADS_PROVENANCE } from '../../../lib/gravity/tables/object-downloads.ts'
import { monthsOld, olderDate } from '../../../lib/gravity/tables/provenance.ts'
import { REGIONS, REGIONS_PROVENANCE, regionOf } from '../../../lib/gravity/tables/regions.ts'
import { ROUND_TRIPS_PROVENANCE } from '../../../lib/gravity/tables/round-trips.ts'
import { S3_PERFORMANCE_PROVENANCE } from '../../../lib/gravity/tables/s3-performance.ts'
import { parseMatrix } from '../../../lib/gravity/tables/text-table.ts'
import { VM_THROUGHPUT_PROVENANCE } from '../../../lib/gravity/tables/vm-throughput.ts'

const unknown = expect.objectContaining({ code: 'REGION_UNKNOWN' })

it.each([
  ...Object.values(PUBLISHED_PRICES.provenance),
  COLD_START_PROVENANCE,
  DRIVES_PROVENANCE,
  LAMBDA_LIMITS_PROVENANCE,
  LAMBDA_NETWORK_PROVENANCE,
  OBJECT_DOWNLOADS_PROVENANCE,
  REGIONS_PROVENANCE,
  ROUND_TRIPS_PROVENANCE,
  S3_PERFORMANCE_PROVENANCE,
  VM_THROUGHPUT_PROVENANCE,
])('names source and date: $source', ({ source, asOf }) => {
  expect(source).not.toBe('')
  expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/)
  expect(Date.parse(asOf)).not.toBeNaN()
})

describe('regions', () => {
  it('has thirty, each once', () => {
    expect(new Set(REGIONS.map(({ code }) => code)).size).toBe(30)
  })

  it('have name, country and membership', () => {
    expect(regionOf('eu-west-2')).toMatchObject({ name: 'Europe (London)', country: 'GB', euMember: false })
    expect(regionOf('eu-south-2')).toMatchObject({ country: 'ES', euMember: true, partition: 'aws' })
    expect(regionOf('us-gov-west-1').partition).toBe('aws-us-gov')
    expect(regionOf('ap-southeast-5').billingPrefix).toBeUndefined()
  })

  it.each(['us-east-9', '', 'US-EAST-1', 'constructor', '__proto__'])('refuses %s', (code) => {
    expect(() => regionOf(code)).toThrow(unknown)
  })
})

describe('links', () => {
  it('returns measured figures of a pair, by direction', () => {
    expect(rttMs('us-east-1', 'eu-west-1')).toBe(84.9)
    expect(rttMs('ap-east-1', 'ap-northeast-1')).toBe(53.1)
    expect(rttMs('ap-northeast-1', 'ap-east-1')).toBe(52.6)
    expect(objectBytesPerSecond('us-east-1', 'eu-west-2')).toBe(50.5e6)
    expect(objectBytesPerSecond('eu-west-2', 'us-east-1')).toBe(41.1e6)
    expect(objectStartSeconds('us-east-1', 'ca-central-1')).toBe(0.39)
    expect(bitsPerSecondBetween('us-east-1', 'us-west-2')).toBe(5.17e9)
  })

  it('replaces a negative start time, an artefact of the fit, by zero', () => {
    expect(objectStartSeconds('ap-northeast-1', 'eu-south-1')).toBe(0)
  })

  it('assumes a millisecond within a region, with a measured download rate', () => {
    expect(rttMs('us-east-1', 'us-east-1')).toBe(SAME_REGION_RTT_MS)
    expect(objectBytesPerSecond('us-east-1', 'us-east-1')).toBe(73e6)
    expect(linkBetween('us-east-1', 'us-east-1')).toMatchObject({ bitsPerSecond: 10e9, assumed: false })
  })

  it('refuses an unmeasured pair', () => {
    expect(() => rttMs('us-east-1', 'ap-southeast-5')).toThrow(unknown)
    expect(() => objectBytesPerSecond('us-east-1', 'eu-west-1')).toThrow('no download rate is known')
    expect(() => bitsPerSecondBetween('us-east-1', 'us-east-1')).toThrow(unknown)
    expect(() => rttMs('us-east-1', 'mars-1')).toThrow('region "mars-1" is not known')
  })

  it('uses a cautious figure if one is missing, and reports it', () => {
    const link = linkBetween('us-east-1', 'eu-west-1')
    expect(link).toMatchObject({ rttMs: 84.9, bitsPerSecond: 5.02e9, assumed: true })
    const measured = linkBetween('us-east-1', 'eu-west-2')
    expect(measured.assumed).toBe(false)
    expect(link.connectionBytesPerSecond).toBeLessThan(measured.connectionBytesPerSecond)
    expect(link.startSeconds).toBeGreaterThan(measured.startSeconds)
  })

  it('refuses unknown regions even if it may assume figures', () => {
    expect(() => linkBetween('us-east-1', 'mars-1')).toThrow(unknown)
  })
})

describe('cold starts', () => {
  it('takes the smallest measured bundle that is at least as large', () => {
    expect(coldStartSeconds(0)).toBe(0.242)
    expect(coldStartSeconds(4 * 2 ** 20)).toBe(0.374)
    expect(coldStartSeconds(4 * 2 ** 20 + 1)).toBe(0.474)
  })

  it('grows in proportion above the largest', () => {
    expect(coldStartSeconds(128 * 2 ** 20)).toBeCloseTo(2 * 3.184)
  })
})

describe('text tables', () => {
  it('reads a matrix by row and column, with gaps', () => {
    const matrix = parseMatrix(`
      a 1 2
      b - 4
    `)
    expect(matrix.at('a', 'b')).toBe(2)
    expect(matrix.at('b', 'a')).toBeUndefined()
    expect(matrix.at('a', 'c')).toBeUndefined()
    expect([matrix.apart, matrix.inside]).toEqual([[2], [1, 4]])
  })
})

describe('age', () => {
  it('counts months, at least zero', () => {
    expect(monthsOld('2025-11-23', new Date('2026-11-23'))).toBeCloseTo(12, 0)
    expect(monthsOld('2027-01-01', new Date('2026-11-23'))).toBe(0)
  })

  it('takes the older of two dates', () => {
    expect(olderDate('2023-04-27', '2023-12-07')).toBe('2023-04-27')
    expect(olderDate('2024-01-01', '2023-12-07')).toBe('2023-12-07')
  })
})
