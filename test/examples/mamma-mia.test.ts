import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chiSquareTail, pool, testAgainstPoisson } from '../../examples/mamma-mia/chi-square.ts'
import { discProbabilities } from '../../examples/mamma-mia/poisson.ts'
import { SEED_CHRISTMAS, SEED_ROWS, withBareTrees } from '../../examples/mamma-mia/seed.ts'
import { type Histogram, simulate } from '../../examples/mamma-mia/simulation.ts'
import { RandomStream } from '../../examples/support/random-stream.ts'

const stream = (index = 0) => new RandomStream({ mission: 'mamma-mia', index })
const discsIn = (histogram: Histogram) => histogram.reduce((sum, trees, n) => sum + n * trees, 0)
const treesIn = (histogram: Histogram) => histogram.reduce((sum, trees) => sum + trees, 0)
const norway = { discs: 600_000, trees: 2_000_000 }

describe('the simulation', () => {
  test('gives every disc to one tree', () => {
    const christmas = fc.record({ discs: fc.nat(3000), trees: fc.integer({ min: 1, max: 3000 }) })
    fc.assert(
      fc.property(christmas, fc.nat(100), (given, index) => {
        const histogram = simulate(given, stream(index))
        expect([treesIn(histogram), discsIn(histogram)]).toEqual([given.trees, given.discs])
      }),
      { numRuns: 30 },
    )
  })

  test('counts the trees as a list of all of them would', () => {
    const words = stream()
    const under = new Array<number>(50).fill(0)
    for (let disc = 0; disc < 1000; disc++) under[Math.floor((words.word() / 2 ** 32) * 50)]!++
    const histogram = simulate({ discs: 1000, trees: 50 }, stream())
    expect(histogram).toEqual(histogram.map((_, n) => under.filter((discs) => discs === n).length))
  })

  test.each([
    [{ discs: 1, trees: 0 }, {}, 'trees'],
    [{ discs: 1, trees: 1.5 }, {}, 'trees'],
    [{ discs: -1, trees: 1 }, {}, 'discs'],
    [norway, { keep: 1 }, 'keep'],
    [norway, { grand: 2 }, 'grand'],
    [norway, { pull: 0 }, 'pull'],
  ])('refuses %j, %j', (christmas, habits, what) => {
    expect(() => simulate(christmas, stream(), habits)).toThrow(RangeError)
    expect(() => simulate(christmas, stream(), habits)).toThrow(what)
  })
})

describe('habits', () => {
  test('buyers who keep theirs leave fewer discs', () => {
    const under = discsIn(simulate({ discs: 10_000, trees: 20_000 }, stream(), { keep: 0.25 }))
    // 7,500 on average; five standard deviations are 217.
    expect(Math.abs(under - 7500)).toBeLessThan(217)
  })

  test('grand trees and keepers give the mixture of Poisson distributions they should', () => {
    const habits = { keep: 0.2, grand: 0.1, pull: 5 }
    const histogram = simulate(norway, stream(), habits)
    for (const [n, probability] of discProbabilities(norway, 5, habits).entries()) {
      const expected = probability * norway.trees
      expect(Math.abs(histogram[n]! - expected)).toBeLessThan(5 * Math.sqrt(expected))
    }
    expect(treesIn(histogram)).toBe(norway.trees)
  })
})

describe('the chi-square distribution', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4: upper critical values.
  test.each([
    [3.841, 1, 0.05],
    [18.307, 10, 0.05],
    [29.588, 10, 0.001],
    [9.488, 4, 0.05],
    [13.277, 4, 0.01],
    [124.342, 100, 0.05],
    [149.449, 100, 0.001],
    [2.706, 1, 0.1],
  ])('has beyond %d with %d degrees of freedom %d', (x, degrees, p) => {
    expect(chiSquareTail(x, degrees) / p).toBeCloseTo(1, 2)
  })

  test('with two degrees of freedom is the exponential distribution', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1000, noNaN: true }), (x) => {
        expect(chiSquareTail(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 10)
      }),
    )
  })

  test('has one more term for two degrees of freedom more', () => {
    const next = (x: number, degrees: number) => {
      let term = Math.exp(-x / 2) * (degrees % 2 ? Math.sqrt((2 * x) / Math.PI) : 1)
      for (let n = degrees % 2 ? 3 : 2; n <= degrees; n += 2) term *= x / n
      return chiSquareTail(x, degrees) + term
    }
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.integer({ min: 1, max: 60 }), (x, degrees) => {
        expect(chiSquareTail(x, degrees + 2)).toBeCloseTo(next(x, degrees), 10)
      }),
    )
  })
})

describe('against the Poisson expectation', () => {
  test('every row of the seed has 600,000 discs, and its ten together are plausible', () => {
    for (const row of SEED_ROWS) expect(discsIn(withBareTrees(row))).toBe(SEED_CHRISTMAS.discs)
    expect(SEED_ROWS[3]).toHaveLength(7)
    const tests = SEED_ROWS.map((row) => testAgainstPoisson(withBareTrees(row), SEED_CHRISTMAS))
    expect(tests[0]!.degrees).toBe(4)
    expect(pool(tests).p).toBeGreaterThan(0.001)
  })

  test('runs of our own are plausible too, together and in the worst', () => {
    const tests = Array.from({ length: 5 }, (_, index) => testAgainstPoisson(simulate(norway, stream(index)), norway))
    expect(pool(tests)).toMatchObject({ degrees: 20 })
    expect(pool(tests).p).toBeGreaterThan(0.001)
    expect(Math.min(...tests.map(({ p }) => p))).toBeGreaterThan(0.001 / 5)
  })

  test('trees that draw more than others are found out', () => {
    const skewed = simulate(norway, stream(), { grand: 0.1, pull: 2 })
    expect(testAgainstPoisson(skewed, norway).p).toBeLessThan(1e-6)
  })

  test('too few discs can not be judged', () => {
    expect(() => testAgainstPoisson([1, 1], { discs: 1, trees: 2 })).toThrow('too few')
  })
})
