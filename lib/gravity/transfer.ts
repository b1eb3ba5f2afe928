import { UsageError } from '../errors.ts'
import { LAMBDA_NETWORK } from './tables/lambda-performance.ts'
import { SECONDS_PER_DAY } from './units.ts'

/** What a transfer is made of. */
export interface TransferRequest {
  readonly bytes: number
  /** The line rate, decimal. */
  readonly bitsPerSecond: number
  /**
   * The share of the line the transfer gets, above 0 and up to 1. AWS reckoned with 0.8 in its tables.
   * @default 1
   */
  readonly utilisation?: number
  /** What the drive delivers, if it may be slower than the line. @default unlimited */
  readonly driveBytesPerSecond?: number
}

/** How long a transfer takes, and what holds it back. */
export interface TransferEstimate {
  readonly seconds: number
  readonly days: number
  /** What holds the transfer back. */
  readonly bottleneck: 'link' | 'drive'
}

/**
 * How long it takes to move bytes over a line: `seconds = 8 · bytes / (bitsPerSecond · utilisation)`, or
 * `bytes / driveBytesPerSecond` if the drive is slower.
 *
 * @throws {UsageError} `SIZE_INVALID` for negative or endless bytes, a rate of zero or less, or a utilisation outside
 * (0, 1].
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
  throw new UsageError('SIZE_INVALID', `${name} ${value} can't be`, {
    remedy: name === 'utilisation' ? 'give a share above 0 and up to 1' : 'give a finite number above zero',
  })
}

/** A straight line of time over load: `seconds + secondsPerByte · bytes`. */
export interface TimeLine {
  readonly seconds: number
  readonly secondsPerByte: number
}

/** The time at a load is the highest of the lines: a burst that ends bends the curve upwards, never down. */
export const secondsAt = (lines: readonly TimeLine[], bytes: number): number =>
  lines.reduce((longest, line) => Math.max(longest, line.seconds + line.secondsPerByte * bytes), 0)

/** How functions read: what each gets from the network, and how many share the work. */
export interface FetchRequest {
  /** What one connection gets on this way. */
  readonly connectionBytesPerSecond: number
  /** Connections a function keeps busy at once. */
  readonly connections: number
  /** Functions that share the bytes evenly. */
  readonly workers: number
}

/**
 * The time for functions to fetch bytes, as lines over the bytes of all together: the burst of the token bucket at
 * 1.2 GiB/s for 300 MiB each, then 75 MiB/s each (Bodner et al. 2025, section 4.2), and never faster than the
 * connections.
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
  // The second line starts where the burst has been used up.
  const burstSeconds = burstBytes / atOnce
  const baseline = {
    seconds: burstSeconds - burstBytes / baselineBytesPerSecond,
    secondsPerByte: 1 / (workers * baselineBytesPerSecond),
  }
  return [burst, baseline]
}
