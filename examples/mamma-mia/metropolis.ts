import type { RandomStream } from '../support/random-stream.ts'

/** A point in the space of the chain: one number for each dimension. */
export type Point = readonly number[]

export interface Walk {
  /** The logarithm of the target density, up to a constant; −∞ outside its support. */
  readonly logDensity: (point: Point) => number
  readonly start: Point
  /** The typical length of a step in each dimension. */
  readonly stride: Point
  readonly steps: number
}

export interface Walked {
  /** The point after each step. */
  readonly visited: readonly Point[]
  /** The share of accepted proposals. */
  readonly accepted: number
}

/**
 * Markov chain Monte Carlo with the rule of Metropolis et al. (J. Chem. Phys. 21, 1087, 1953). A proposed step to a
 * higher density is always accepted. A step to a lower density is accepted with the ratio of the densities as its
 * probability.
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

/** Returns a number from the standard normal distribution (Box–Muller). */
function normal(stream: RandomStream): number {
  // 1 − u is never 0, so its logarithm is finite.
  return Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform())
}

export interface Estimate {
  readonly mean: number
  readonly deviation: number
}

/** Returns the mean and the standard deviation of one dimension over one or several chains. */
export function estimate(walks: readonly (readonly Point[])[], dimension: number): Estimate {
  const values = walks.flat().map((point) => point[dimension]!)
  const mean = average(values)
  return { mean, deviation: Math.sqrt(average(values.map((value) => (value - mean) ** 2))) }
}

/**
 * Gelman's and Rubin's R (Statistical Science 7, 457, 1992): near 1 if independent chains agree, and larger if they
 * need more steps.
 */
export function agreement(walks: readonly (readonly Point[])[], dimension: number): number {
  const each = walks.map((walk) => estimate([walk], dimension))
  const within = average(each.map(({ deviation }) => deviation ** 2))
  const center = average(each.map(({ mean }) => mean))
  const between = average(each.map(({ mean }) => (mean - center) ** 2))
  return Math.sqrt((within + between) / within)
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
