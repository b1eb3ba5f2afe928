import { UsageError } from '../errors.ts'
import { LAMBDA_NETWORK } from './tables/lambda-performance.ts'
import { SECONDS_PER_DAY } from './units.ts'

/** The transfer whose time is estimated. */
export interface TransferRequest {
  readonly bytes: number
  /** The line rate, decimal. */
  readonly bitsPerSecond: number
  /**
   * The share of the line that the transfer gets, above 0 and up to 1. AWS used 0.8 in its tables.
   * @default 1
   */
  readonly utilisation?: number
  /** The rate of the drive, if it can be slower than the line. @default unlimited */
  readonly driveBytesPerSecond?: number
}

/** The time of a transfer, and what limits it. */
export interface TransferEstimate {
  readonly seconds: number
  readonly days: number
  /** What limits the transfer. */
  readonly bottleneck: 'link' | 'drive'
}

/**
 * Estimates how long a transfer takes: `seconds = 8 · bytes / (bitsPerSecond · utilisation)`, or
 * `bytes / driveBytesPerSecond` if the drive is slower.
 *
 * @throws {UsageError} `SIZE_INVALID` for negative or infinite bytes, a rate that is not above 0, or a utilisation outside
 * (0, 1]
 * @example
 * ```ts
 * estimateTransfer({ bytes: 2 ** 40, bitsPerSecond: 100e6, utilisation: 0.8 }).days // 1.27
 * ```
 */
export function estimateTransfer(request: TransferRequest): TransferEstimate {
  const { bytes, bitsPerSecond, utilisation = 1, driveBytesPerSecond } = request
  requireNumber('bytes', bytes, bytes >= 0)
  requireNumber('bitsPerSecond', bitsPerSecond, bitsPerSecond > 0)
  requireNumber('utilisation', utilisation, utilisation > 0 && utilisation <= 1)
  if (driveBytesPerSecond !== undefined)
    requireNumber('driveBytesPerSecond', driveBytesPerSecond, driveBytesPerSecond > 0)
  const linkSeconds = (8 * bytes) / (bitsPerSecond * utilisation)
  const driveSeconds = driveBytesPerSecond === undefined ? 0 : bytes / driveBytesPerSecond
  const seconds = Math.max(linkSeconds, driveSeconds)
  return { seconds, days: seconds / SECONDS_PER_DAY, bottleneck: driveSeconds > linkSeconds ? 'drive' : 'link' }
}

function requireNumber(name: string, value: number, valid: boolean): void {
  if (valid && Number.isFinite(value)) return
  throw new UsageError('SIZE_INVALID', `${name} ${value} is not valid`, {
    remedy: name === 'utilisation' ? 'use a share above 0 and up to 1' : 'use a finite number above 0',
  })
}

/** A time that grows linearly with bytes: `seconds + secondsPerByte · bytes`. */
export interface TimeLine {
  readonly seconds: number
  readonly secondsPerByte: number
}

/** The time for bytes is the maximum of the lines, because the end of a burst only makes a transfer slower. */
export const secondsAt = (lines: readonly TimeLine[], bytes: number): number =>
  lines.reduce((longest, line) => Math.max(longest, line.seconds + line.secondsPerByte * bytes), 0)

/** How functions read data. */
export interface FetchRequest {
  /** The rate of one connection. */
  readonly connectionBytesPerSecond: number
  /** Parallel connections of each function. */
  readonly connections: number
  /** Functions that share the bytes equally. */
  readonly workers: number
}

/**
 * The time in which functions fetch bytes, as lines over all bytes together. Each function has a burst of 300 MiB at
 * 1.2 GiB/s, then 75 MiB/s (Bodner et al. 2025, section 4.2), and is never faster than its connections.
 *
 * @example
 * ```ts
 * const lines = fetchLines({ connectionBytesPerSecond: 85e6, connections: 16, workers: 1 })
 * secondsAt(lines, 300 * 2 ** 20) // 0.244
 * ```
 */
export function fetchLines({ connectionBytesPerSecond, connections, workers }: FetchRequest): readonly TimeLine[] {
  const { burstBytes, burstBytesPerSecond, baselineBytesPerSecond } = LAMBDA_NETWORK
  const atOnce = Math.min(connections * connectionBytesPerSecond, burstBytesPerSecond)
  const burst = { seconds: 0, secondsPerByte: 1 / (workers * atOnce) }
  if (atOnce <= baselineBytesPerSecond) return [burst]
  // The second line starts at the end of the burst.
  const burstSeconds = burstBytes / atOnce
  const baseline = {
    seconds: burstSeconds - burstBytes / baselineBytesPerSecond,
    secondsPerByte: 1 / (workers * baselineBytesPerSecond),
  }
  return [burst, baseline]
}
