import type { PlacementProblem } from '../../../lib/gravity/planner/problem.ts'

/**
 * Returns a pseudo-random generator of numbers in [0, 1) with a seed, so that a failing instance is reproducible
 * (mulberry32).
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The regions for which all prices and the throughput of every pair are published. */
export const PRICED_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-south-1',
  'ap-east-1',
  'me-south-1',
  'af-south-1',
] as const

export interface RandomProblemOptions {
  readonly regions: number
  readonly groups: number
  /** The size of the largest result, as a share of the bytes. */
  readonly resultShare?: number
  /** The share of groups with a residency restriction. */
  readonly restricted?: number
}

/** Returns a random problem over the published tables: sizes from megabytes to terabytes, some with residency. */
export function randomProblem(random: () => number, options: RandomProblemOptions): PlacementProblem {
  const { groups, resultShare = 1.2, restricted = 0.3 } = options
  const names = shuffled(PRICED_REGIONS, random).slice(0, options.regions)
  const pick = () => names[Math.floor(random() * names.length)]!
  const size = (least: number, most: number) => Math.round(10 ** (least + (most - least) * random()))
  return {
    groups: Array.from({ length: groups }, () => {
      const bytes = size(6, 12.5)
      const allowed = random() < restricted ? [...new Set([pick(), pick(), pick()])] : undefined
      return {
        region: pick(),
        bytes,
        resultBytes: Math.round(bytes * resultShare * random() ** 4),
        ...(allowed && { allowed }),
      }
    }),
    agentBytes: size(4, 8),
    client: pick(),
    destination: pick(),
    regions: names,
    compute: { workers: 1 + Math.floor(random() * 32), bytesPerSecond: size(7, 9) },
  }
}

/**
 * Returns a random problem in a made-up world. Every pair has its own price and rate, and the cheap place is seldom the
 * fast one, so it is much harder to place than with the real tables.
 */
export function wildProblem(random: () => number, { regions, groups }: RandomProblemOptions): PlacementProblem {
  const names = Array.from({ length: regions }, (_, index) => `r${index}`)
  const between = (least: number, most: number) => least + (most - least) * random()
  const pick = () => names[Math.floor(random() * names.length)]!
  const table = <T>(cell: () => T) => Object.fromEntries(names.map((name) => [name, cell()]))
  return {
    groups: Array.from({ length: groups }, () => {
      const bytes = Math.round(between(1e9, 100e9))
      const allowed = random() < 0.3 ? [...new Set([pick(), pick(), pick(), pick()])] : undefined
      return { region: pick(), bytes, resultBytes: Math.round(bytes * random() * 0.3), ...(allowed && { allowed }) }
    }),
    agentBytes: Math.round(between(1e5, 1e8)),
    client: pick(),
    destination: pick(),
    regions: names,
    prices: {
      source: 'random',
      asOf: '2026-01-01',
      interRegionUsdPerGB: table(() => table(() => between(0.005, 0.15))),
      s3: table(() => ({ getUsdPer1000: between(3e-4, 6e-4), putUsdPer1000: between(4e-3, 7e-3) })),
      lambda: table(() => {
        const usd = between(1e-5, 1e-4)
        return { x86UsdPerGBSecond: usd, arm64UsdPerGBSecond: usd, usdPerRequest: 2e-7 }
      }),
    },
    links: table(() => table(() => ({ bitsPerSecond: between(0.2e9, 10e9), rttMs: between(1, 300) }))),
    compute: { workers: 4, bytesPerSecond: between(20e6, 200e6), throttled: false },
  }
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const copy = [...values]
  for (let index = copy.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[copy[index], copy[other]] = [copy[other]!, copy[index]!]
  }
  return copy
}
