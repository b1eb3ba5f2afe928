import { UsageError } from '../../errors.ts'
import { OBJECT_DOWNLOAD_MB_PER_SECOND, OBJECT_DOWNLOAD_START_SECONDS } from './object-downloads.ts'
import { regionOf } from './regions.ts'
import { ROUND_TRIPS_MS } from './round-trips.ts'
import type { Matrix } from './text-table.ts'
import { VM_SENT_GBPS } from './vm-throughput.ts'

/**
 * What is known about the way between two regions. The plain look-ups throw where nobody measured;
 * {@link linkBetween} puts a cautious figure in its place and says so.
 */

/**
 * Milliseconds of a round trip inside a region. An assumption, not a measurement: zones of a region are built to
 * be within single-digit milliseconds of each other, and S3 answers from any of them.
 */
export const SAME_REGION_RTT_MS = 1

/**
 * Milliseconds of a round trip between two regions, as measured.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair nobody measured.
 * @example
 * ```ts
 * rttMs('us-east-1', 'eu-west-1') // 84.9
 * ```
 */
export function rttMs(from: string, to: string): number {
  if (regionOf(from) === regionOf(to)) return SAME_REGION_RTT_MS
  return measured(ROUND_TRIPS_MS, from, to, 'round-trip time')
}

/**
 * Bits per second that one large machine sends to another with many connections at once: what the way between two
 * regions carries, where {@link objectBytesPerSecond} is what a single connection gets.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair nobody measured (a region with itself among
 * them).
 */
export function bitsPerSecondBetween(from: string, to: string): number {
  return measured(VM_SENT_GBPS, from, to, 'throughput') * 1e9
}

/**
 * Bytes per second of one connection that downloads an object.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair nobody measured.
 */
export function objectBytesPerSecond(bucketRegion: string, clientRegion: string): number {
  return measured(OBJECT_DOWNLOAD_MB_PER_SECOND, bucketRegion, clientRegion, 'download rate') * 1e6
}

/**
 * Seconds that such a download takes on top of `bytes / rate`: connection set-up, slow start, first byte. Where the
 * fit of the measurements came out below zero, zero.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair nobody measured.
 */
export function objectStartSeconds(bucketRegion: string, clientRegion: string): number {
  return Math.max(0, measured(OBJECT_DOWNLOAD_START_SECONDS, bucketRegion, clientRegion, 'download start'))
}

function measured(matrix: Matrix, from: string, to: string, what: string): number {
  const figure = matrix.at(regionOf(from).code, regionOf(to).code)
  if (figure !== undefined) return figure
  throw new UsageError('REGION_UNKNOWN', `no ${what} is known from ${from} to ${to}`, {
    remedy: 'give the figure yourself, or use linkBetween, which assumes a cautious one and says so',
  })
}

/** The way between two regions, complete. */
export interface RegionLink {
  readonly from: string
  readonly to: string
  readonly rttMs: number
  /** What the way carries with many connections. */
  readonly bitsPerSecond: number
  /** What one connection gets. */
  readonly connectionBytesPerSecond: number
  /** Seconds before the first byte of an object flows at that rate. */
  readonly startSeconds: number
  /** Whether any figure stands in for a measurement that does not exist. Tell the reader. */
  readonly assumed: boolean
}

/**
 * Everything about the way from one region to another. Where a pair was not measured, the figure that nine in ten
 * measured pairs do better than stands in (between regions, or inside one, as the case may be), so that a plan errs
 * on the slow side, and `assumed` is true.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region.
 * @example
 * ```ts
 * linkBetween('us-east-1', 'ap-southeast-5').assumed // true: no measurement exists for Malaysia
 * ```
 */
export function linkBetween(from: string, to: string): RegionLink {
  const same = regionOf(from) === regionOf(to)
  const figures = {
    rttMs: same ? SAME_REGION_RTT_MS : ROUND_TRIPS_MS.at(from, to),
    bitsPerSecond: same ? IN_REGION_BITS_PER_SECOND : scaled(VM_SENT_GBPS.at(from, to), 1e9),
    connectionBytesPerSecond: scaled(OBJECT_DOWNLOAD_MB_PER_SECOND.at(from, to), 1e6),
    startSeconds: OBJECT_DOWNLOAD_START_SECONDS.at(from, to),
  }
  const cautious = same ? CAUTIOUS_INSIDE : CAUTIOUS_APART
  return {
    from,
    to,
    rttMs: figures.rttMs ?? cautious.rttMs,
    bitsPerSecond: figures.bitsPerSecond ?? cautious.bitsPerSecond,
    connectionBytesPerSecond: figures.connectionBytesPerSecond ?? cautious.connectionBytesPerSecond,
    startSeconds: Math.max(0, figures.startSeconds ?? cautious.startSeconds),
    assumed: Object.values(figures).includes(undefined),
  }
}

const scaled = (figure: number | undefined, factor: number) => (figure === undefined ? undefined : figure * factor)

/** An m5.8xlarge has a 10 Gbit/s network card; inside a region nothing else caps it (EC2 instance types). */
const IN_REGION_BITS_PER_SECOND = 10e9

/** The figure that the given share of the measurements does not exceed. */
function quantile(figures: readonly number[], share: number): number {
  const ascending = [...figures].sort((a, b) => a - b)
  return ascending[Math.round(share * (ascending.length - 1))]!
}

const CAUTIOUS_INSIDE = {
  rttMs: SAME_REGION_RTT_MS,
  bitsPerSecond: IN_REGION_BITS_PER_SECOND,
  connectionBytesPerSecond: quantile(OBJECT_DOWNLOAD_MB_PER_SECOND.inside, 0.1) * 1e6,
  startSeconds: quantile(OBJECT_DOWNLOAD_START_SECONDS.inside, 0.9),
}

const CAUTIOUS_APART = {
  rttMs: quantile(ROUND_TRIPS_MS.apart, 0.9),
  bitsPerSecond: quantile(VM_SENT_GBPS.apart, 0.1) * 1e9,
  connectionBytesPerSecond: quantile(OBJECT_DOWNLOAD_MB_PER_SECOND.apart, 0.1) * 1e6,
  startSeconds: quantile(OBJECT_DOWNLOAD_START_SECONDS.apart, 0.9),
}
