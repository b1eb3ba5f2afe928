import { UsageError } from '../../errors.ts'
import { OBJECT_DOWNLOAD_MB_PER_SECOND, OBJECT_DOWNLOAD_START_SECONDS } from './object-downloads.ts'
import { regionOf } from './regions.ts'
import { ROUND_TRIPS_MS } from './round-trips.ts'
import type { Matrix } from './text-table.ts'
import { VM_SENT_GBPS } from './vm-throughput.ts'

/**
 * Measurements of the links between regions. The single look-ups throw if there is no measurement. {@link linkBetween}
 * returns a cautious figure instead and marks it.
 */

/**
 * Milliseconds of a round trip inside a region. This is an assumption and not a measurement: the zones of a region are
 * within single-digit milliseconds of each other, and S3 answers from any of them.
 */
export const SAME_REGION_RTT_MS = 1

/**
 * The measured milliseconds of a round trip between two regions.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair without a measurement
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
 * The measured bits per second between two large machines with many connections. {@link objectBytesPerSecond} is the rate
 * of a single connection.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair without a measurement, such as a region with
 * itself
 */
export function bitsPerSecondBetween(from: string, to: string): number {
  return measured(VM_SENT_GBPS, from, to, 'throughput') * 1e9
}

/**
 * The measured bytes per second of one connection that downloads an object.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair without a measurement
 */
export function objectBytesPerSecond(bucketRegion: string, clientRegion: string): number {
  return measured(OBJECT_DOWNLOAD_MB_PER_SECOND, bucketRegion, clientRegion, 'download rate') * 1e6
}

/**
 * The seconds of such a download beyond `bytes / rate`: connection set-up, slow start and first byte. Negative results of
 * the fit count as 0.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for an unknown region, or a pair without a measurement
 */
export function objectStartSeconds(bucketRegion: string, clientRegion: string): number {
  return Math.max(0, measured(OBJECT_DOWNLOAD_START_SECONDS, bucketRegion, clientRegion, 'download start'))
}

function measured(matrix: Matrix, from: string, to: string, what: string): number {
  const figure = matrix.at(regionOf(from).code, regionOf(to).code)
  if (figure !== undefined) return figure
  throw new UsageError('REGION_UNKNOWN', `no ${what} is known from ${from} to ${to}`, {
    remedy: 'pass the figure yourself, or use linkBetween, which assumes a cautious one',
  })
}

/** All figures of the link between two regions. */
export interface RegionLink {
  readonly from: string
  readonly to: string
  readonly rttMs: number
  /** The rate of many connections together. */
  readonly bitsPerSecond: number
  /** The rate of one connection. */
  readonly connectionBytesPerSecond: number
  /** Seconds until a connection reaches that rate. */
  readonly startSeconds: number
  /** Whether a figure is assumed, because no measurement exists. */
  readonly assumed: boolean
}

/**
 * All figures of the link from one region to another. For a pair without a measurement it assumes the worst tenth of the
 * measured pairs (between regions, or inside one), so that a plan is rather too slow, and `assumed` is true.
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

/** The quantile: the given share of the figures is not above it. */
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
