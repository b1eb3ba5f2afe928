import type { Provenance } from './provenance.ts'

export const LAMBDA_LIMITS_PROVENANCE: Provenance = {
  source: 'AWS Lambda quotas; MB per vCPU after Bodner et al. 2025',
  asOf: '2026-01-01',
}

export const LAMBDA_LIMITS = {
  minMemoryMB: 128,
  maxMemoryMB: 10_240,
  maxSeconds: 900,
  /** A function with this memory has one full vCPU. */
  mbPerVcpu: 1_769,
  /** The default limit of concurrent functions in a region. */
  concurrency: 1_000,
} as const

export const LAMBDA_NETWORK_PROVENANCE: Provenance = {
  source:
    'Bodner, Radig, Justen, Ritter, Rabl: An Empirical Evaluation of Serverless Cloud Infrastructure for ' +
    'Large-Scale Data Processing, arXiv 2501.07771, section 4.2',
  asOf: '2024-10-01',
  note: 'us-east-1, arm64, four vCPU; practitioners report less for functions below one vCPU, where the CPU limits',
}

const MIB = 2 ** 20

/** The token bucket that limits a function's network: a burst, then a baseline rate, separately in each direction. */
export const LAMBDA_NETWORK = {
  burstBytes: 300 * MIB,
  burstBytesPerSecond: 1.2 * 2 ** 30,
  baselineBytesPerSecond: 75 * MIB,
} as const

export const COLD_START_PROVENANCE: Provenance = {
  source: 'A. Tanasa, Lambda cold start benchmark (100 cold starts a size, nodejs20.x, x86_64, us-east-1)',
  asOf: '2023-11-20',
  note: 'Init Duration only: placing the sandbox and fetching the code come on top',
}

/** Init seconds by size of the deployed bundle; `[bundleBytes, average, 90th percentile]`. */
export const COLD_STARTS: readonly (readonly [bundleBytes: number, average: number, p90: number])[] = [
  [1 * 1024, 0.242, 0.584],
  [128 * 1024, 0.255, 0.571],
  [256 * 1024, 0.29, 0.643],
  [512 * 1024, 0.288, 0.619],
  [1 * MIB, 0.297, 0.64],
  [2 * MIB, 0.305, 0.636],
  [4 * MIB, 0.374, 0.7],
  [8 * MIB, 0.474, 0.79],
  [16 * MIB, 0.703, 1.008],
  [32 * MIB, 1.354, 1.668],
  [64 * MIB, 3.184, 3.515],
]

/**
 * Seconds of a cold start for deployed code of a size: the average of the next larger measured size. Above 64 MiB, the
 * largest measured size, it grows in proportion.
 */
export function coldStartSeconds(bundleBytes: number): number {
  const row = COLD_STARTS.find(([size]) => bundleBytes <= size)
  if (row !== undefined) return row[1]
  const [largest, average] = COLD_STARTS[COLD_STARTS.length - 1]!
  return average * (bundleBytes / largest)
}
/** The default memory of a function, in GB as Lambda bills it. */
export const FUNCTION_GB = LAMBDA_LIMITS.mbPerVcpu / 1024
