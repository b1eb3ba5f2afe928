import type { Provenance } from './provenance.ts'

export const S3_PERFORMANCE_PROVENANCE: Provenance = {
  source: 'AWS documentation: Amazon S3 performance design patterns',
  asOf: '2024-01-01',
}

export const S3_PERFORMANCE = {
  /** What one connection inside the region delivers, at least; AWS says 85 to 90 MB/s. */
  connectionBytesPerSecond: 85e6,
  /** The range a GET should ask for; AWS recommends 8 to 16 MB. */
  rangeBytes: 16e6,
  /** Connections that fill a 10 Gbit/s link. */
  connectionsFor10Gbps: 15,
  getsPerSecondPerPrefix: 5_500,
  putsPerSecondPerPrefix: 3_500,
} as const
