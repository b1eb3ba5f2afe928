import { DRIVE_OF_2016, type DrivePoint, OFFICE_DRIVES, SERVER_DRIVES } from './tables/drives.ts'
import { LAMBDA_LIMITS, LAMBDA_NETWORK } from './tables/lambda-performance.ts'
import { OBJECT_DOWNLOAD_MB_PER_SECOND } from './tables/object-downloads.ts'
import { S3_PERFORMANCE } from './tables/s3-performance.ts'
import { estimateTransfer } from './transfer.ts'

/** One point of a line: how long it took in a year to read a full drive. */
export interface HistoryPoint {
  readonly year: number
  readonly seconds: number
  readonly drive: string
  readonly source: string
  /** Whether every figure has a source. The usual network of a year is often an estimate. */
  readonly sourced: boolean
  /** The line rate. Absent on the line of the drives' own rates. */
  readonly networkBitsPerSecond?: number
}

export type HistoryLineName = 'server Ethernet' | 'the drive itself' | 'office network'

export interface HistoryLine {
  readonly name: HistoryLineName
  readonly points: readonly HistoryPoint[]
}

/**
 * How long it took to read a full drive over four decades, as three lines. Over server Ethernet the time falls with every
 * new network speed and then grows again. At the drive's own rate, and over the office network, it grows steadily. The
 * slower of network and drive sets the time:
 *
 *     seconds = bytes / min(network · utilisation, drive's own rate)
 *
 * @param utilisation the share of the line rate that a transfer gets; 1 is the best case
 */
export function historyLines(utilisation = 1): readonly HistoryLine[] {
  const own = SERVER_DRIVES.flatMap((point) => (point.sustainedBytesPerSecond === undefined ? [] : [ownPoint(point)]))
  return [
    { name: 'server Ethernet', points: SERVER_DRIVES.map((point) => networkPoint(point, utilisation)) },
    { name: 'the drive itself', points: [...own, ownPoint(DRIVE_OF_2016)].sort((a, b) => a.year - b.year) },
    { name: 'office network', points: OFFICE_DRIVES.map((point) => networkPoint(point, utilisation)) },
  ]
}

function networkPoint(point: DrivePoint, utilisation: number): HistoryPoint {
  const { year, drive, bytes, networkBitsPerSecond, source } = point
  const { seconds } = estimateTransfer({ bytes, bitsPerSecond: networkBitsPerSecond, utilisation })
  const sourced = point.driveConfidence === 'high' && point.networkConfidence !== 'low'
  return { year, seconds, drive, source, networkBitsPerSecond, sourced }
}

type RatedDrive = Pick<DrivePoint, 'year' | 'drive' | 'bytes' | 'source' | 'sustainedBytesPerSecond'>

function ownPoint({ year, drive, bytes, source, sustainedBytesPerSecond }: RatedDrive): HistoryPoint {
  return { year, drive, source, seconds: bytes / sustainedBytesPerSecond!, sourced: true }
}

/** One way to read a full drive's bytes out of S3 today. */
export interface TodayPoint {
  readonly label: string
  readonly seconds: number
  readonly bytesPerSecond: number
}

/** Times for reading the bytes of the table's largest drive out of S3 in four ways. */
export function todaysReads(): {
  readonly bytes: number
  readonly year: number
  readonly reads: readonly TodayPoint[]
} {
  const { bytes, year } = SERVER_DRIVES[SERVER_DRIVES.length - 1]!
  const apart = [...OBJECT_DOWNLOAD_MB_PER_SECOND.apart].sort((a, b) => a - b)
  const ways = [
    ['one connection from another region', apart[Math.floor(apart.length / 2)]! * 1e6],
    ['one Lambda next to it', LAMBDA_NETWORK.baselineBytesPerSecond],
    ['one connection next to it', S3_PERFORMANCE.connectionBytesPerSecond],
    [
      `${LAMBDA_LIMITS.concurrency.toLocaleString('en-US')} Lambdas next to it`,
      LAMBDA_NETWORK.baselineBytesPerSecond * LAMBDA_LIMITS.concurrency,
    ],
  ] as const
  return { bytes, year, reads: ways.map(([label, rate]) => ({ label, bytesPerSecond: rate, seconds: bytes / rate })) }
}
