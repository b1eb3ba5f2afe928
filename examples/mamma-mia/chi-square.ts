/** Pearson's chi-square test of a histogram of trees against the Poisson distribution. */
import { discProbabilities } from './poisson.ts'
import type { Christmas, Histogram } from './simulation.ts'

export interface ChiSquare {
  /** Sum of (observed − expected)² / expected. */
  readonly statistic: number
  readonly degrees: number
  /** The probability of a statistic at least this large, if the data have the expected distribution. */
  readonly p: number
}

/** Cochran's rule: classes with a lower expected count are merged. */
const LEAST_EXPECTED = 5

/**
 * Tests whether a histogram looks like discs that fell at random. The degrees of freedom are the number of classes
 * minus two, because the numbers of trees and of discs are given.
 *
 * @throws RangeError if there are too few trees or discs for three classes
 */
export function testAgainstPoisson(histogram: Histogram, christmas: Christmas): ChiSquare {
  const classes = classesOf(christmas)
  const degrees = classes.length - 2
  if (degrees < 1) throw new RangeError('too few trees or discs for a chi-square test')
  const last = classes.length - 1
  const observed = classes.map((_, n) => (n < last ? (histogram[n] ?? 0) : sum(histogram.slice(last))))
  const statistic = sum(classes.map((expected, n) => (observed[n]! - expected) ** 2 / expected))
  return { statistic, degrees, p: chiSquareTail(statistic, degrees) }
}

/** Combines independent tests: their statistics and their degrees of freedom add up. */
export function pool(tests: readonly ChiSquare[]): ChiSquare {
  const statistic = sum(tests.map((test) => test.statistic))
  const degrees = sum(tests.map((test) => test.degrees))
  return { statistic, degrees, p: chiSquareTail(statistic, degrees) }
}

/** Returns the expected numbers of trees with 0, 1, 2 … discs; the last class contains all trees with more. */
function classesOf(christmas: Christmas): number[] {
  const { trees } = christmas
  const most = Math.ceil(christmas.discs / trees) + 100
  const expected = discProbabilities(christmas, most).map((probability) => probability * trees)
  const last = Math.max(
    0,
    expected.findLastIndex((_, n) => sum(expected.slice(n)) >= LEAST_EXPECTED),
  )
  return [...expected.slice(0, last), sum(expected.slice(last))]
}

/**
 * The upper tail of the chi-square distribution: the regularised incomplete gamma function Q(degrees / 2, x / 2), by
 * its series for small x and its continued fraction for large ones (NIST Digital Library of Mathematical Functions,
 * https://dlmf.nist.gov/8.11.E4 and https://dlmf.nist.gov/8.9.E2).
 *
 * @param degrees a positive whole number
 */
export function chiSquareTail(x: number, degrees: number): number {
  if (x <= 0) return 1
  const a = degrees / 2
  const z = x / 2
  const scale = Math.exp(a * Math.log(z) - z - logGammaOfHalf(degrees))
  return z < a + 1 ? 1 - scale * lowerSeries(a, z) : scale * upperFraction(a, z)
}

/** Sum of z^n / (a (a + 1) … (a + n)). */
function lowerSeries(a: number, z: number): number {
  let term = 1 / a
  let total = term
  for (let n = 1; term > total * Number.EPSILON; n++) {
    term *= z / (a + n)
    total += term
  }
  return total
}

/** 1 / (z + 1 − a − 1 (1 − a) / (z + 3 − a − 2 (2 − a) / (…))), from the front, by Lentz's method. */
function upperFraction(a: number, z: number): number {
  let denominator = z + 1 - a
  let c = Number.MAX_VALUE
  let d = 1 / denominator
  let value = d
  for (let n = 1; n < 10_000; n++) {
    const numerator = n * (a - n)
    denominator += 2
    d = 1 / (denominator + numerator * d)
    c = denominator + numerator / c
    value *= c * d
    if (Math.abs(c * d - 1) < Number.EPSILON) break
  }
  return value
}

/** Logarithm of Γ(twice / 2), from Γ(1) = 1 or Γ(1/2) = √π up: Γ(a + 1) = a Γ(a). */
function logGammaOfHalf(twice: number): number {
  const odd = twice % 2
  let log = odd === 1 ? Math.log(Math.PI) / 2 : 0
  for (let a = odd === 1 ? 0.5 : 1; a < twice / 2; a++) log += Math.log(a)
  return log
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
