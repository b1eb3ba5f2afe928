import type { RandomStream } from '../support/random-stream.ts'

/** A place in the space that is walked through: one number for each dimension. */
export type Point = readonly number[]

export interface Walk {
  /** Logarithm of what the walk is to visit in proportion; −∞ where it must not go. Any constant may be missing. */
  readonly logDensity: (point: Point) => number
  readonly start: Point
  /** Typical length of a step, dimension by dimension. */
  readonly stride: Point
  readonly steps: number
}

export interface Walked {
  /** Where the walk was after each step. */
  readonly visited: readonly Point[]
  /** Share of the proposals that were taken. */
  readonly accepted: number
}

/**
 * Markov chain Monte Carlo by the rule of Metropolis et al. (J. Chem. Phys. 21, 1087, 1953): propose a step, take it
 * always if it leads to more density, and otherwise as often as the ratio of the densities says.
 */
export function metropolis({ logDensity, start, stride, steps }: Walk, stream: RandomStream): Walked {
  const visited: Point[] = []
  let here = start
  let density = logDensity(here)
  let taken = 0
  for (let step = 0; step < steps; step++) {
    const there = here.map((at, dimension) => at + stride[dimension]! * normal(stream))
    const thereDensity = logDensity(there)
    if (stream.uniform() < Math.exp(thereDensity - density)) {
      here = there
      density = thereDensity
      taken++
    }
    visited.push(here)
  }
  return { visited, accepted: taken / steps }
}

/** Box–Muller: a number from the standard normal distribution. */
function normal(stream: RandomStream): number {
  // 1 − u is never 0, and neither is its logarithm infinite.
  return Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform())
}

export interface Estimate {
  readonly mean: number
  readonly deviation: number
}

/** Mean and standard deviation of one dimension over a walk, or over several. */
export function estimate(walks: readonly (readonly Point[])[], dimension: number): Estimate {
  const values = walks.flat().map((point) => point[dimension]!)
  const mean = average(values)
  return { mean, deviation: Math.sqrt(average(values.map((value) => (value - mean) ** 2))) }
}

/**
 * Gelman's and Rubin's R (Statistical Science 7, 457, 1992): near 1 when walks that set out independently tell the same,
 * larger while they have not walked enough.
 */
export function agreement(walks: readonly (readonly Point[])[], dimension: number): number {
  const each = walks.map((walk) => estimate([walk], dimension))
  const within = average(each.map(({ deviation }) => deviation ** 2))
  const center = average(each.map(({ mean }) => mean))
  const between = average(each.map(({ mean }) => (mean - center) ** 2))
  return Math.sqrt((within + between) / within)
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
