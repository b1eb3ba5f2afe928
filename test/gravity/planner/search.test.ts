import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { keeps, searchLeastMoney } from '../../../lib/gravity/planner/branch-and-bound.ts'
import { searchLeastTime } from '../../../lib/gravity/planner/least-time.ts'
import { buildModel, type PlacementModel } from '../../../lib/gravity/planner/model.ts'
import { type PlacementProblem, parseProblem } from '../../../lib/gravity/planner/problem.ts'
import { LONG } from '../../support/long.ts'
import { everyPlacement } from '../support/brute-force.ts'
import { loadHighs } from '../support/highs.ts'
import { type MilpSolver, solveWithMilp } from '../support/milp.ts'
import { type RandomProblemOptions, randomProblem, seededRandom, wildProblem } from '../support/problems.ts'

const FREE = { deadlineSeconds: Number.POSITIVE_INFINITY, budgetUsd: Number.POSITIVE_INFINITY, nodeLimit: 1_000_000 }
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const worlds = fc.constantFrom(randomProblem, wildProblem)

const modelOf = (problem: PlacementProblem): PlacementModel => buildModel(parseProblem(problem))

/** A deadline between the fastest and the cheapest plan, where the trade is. */
function tightDeadline(model: PlacementModel, tightness: number): number {
  const slow = searchLeastMoney(model, FREE).best!.seconds
  const fast = searchLeastTime(model, { budgetUsd: Number.POSITIVE_INFINITY, nodeLimit: 2000 }).best!.seconds
  return fast + (slow - fast) * tightness
}

describe('against every placement there is', () => {
  const small: RandomProblemOptions = { regions: 3, groups: 4 }

  it('finds the cheapest under a deadline and a budget, or proves that there is none', () => {
    fc.assert(
      fc.property(seeds, worlds, share, share, (seed, world, tightness, generosity) => {
        const model = modelOf(world(seededRandom(seed), small))
        const all = everyPlacement(model)
        const between = (values: number[], at: number) =>
          Math.min(...values) + (Math.max(...values) - Math.min(...values)) * at
        const deadlineSeconds = between(
          all.map((plan) => plan.seconds),
          tightness * 0.5,
        )
        const budgetUsd = between(
          all.map((plan) => plan.usd),
          generosity * 0.5,
        )
        const fitting = all.filter((plan) => keeps(plan, deadlineSeconds, budgetUsd))
        const { best, lowerBound } = searchLeastMoney(model, { ...FREE, deadlineSeconds, budgetUsd })
        if (fitting.length === 0) {
          expect([best, lowerBound]).toEqual([undefined, Number.POSITIVE_INFINITY])
          return
        }
        const least = Math.min(...fitting.map((plan) => plan.usd))
        expect(best!.usd / least).toBeCloseTo(1, 8)
        expect(lowerBound / least).toBeCloseTo(1, 8)
      }),
      { numRuns: LONG ? 150 : 30 },
    )
  })

  it('finds the fastest within a budget', () => {
    fc.assert(
      fc.property(seeds, worlds, share, (seed, world, generosity) => {
        const model = modelOf(world(seededRandom(seed), small))
        const all = everyPlacement(model)
        const prices = all.map((plan) => plan.usd)
        const budgetUsd = Math.min(...prices) + (Math.max(...prices) - Math.min(...prices)) * generosity
        const least = Math.min(
          ...all.filter((plan) => keeps(plan, Number.POSITIVE_INFINITY, budgetUsd)).map((plan) => plan.seconds),
        )
        const { best, lowerBoundSeconds } = searchLeastTime(model, { budgetUsd, nodeLimit: 100_000 })
        expect(best!.usd).toBeLessThanOrEqual(budgetUsd * (1 + 1e-8))
        expect(best!.seconds / least).toBeCloseTo(1, 6)
        expect(lowerBoundSeconds / least).toBeCloseTo(1, 6)
      }),
      { numRuns: LONG ? 100 : 20 },
    )
  })

  it('takes the tiers of the internet exactly', () => {
    fc.assert(
      fc.property(seeds, share, (seed, tightness) => {
        const client = { client: 'client', destination: 'client', clientLink: { bitsPerSecond: 1e9, rttMs: 20 } }
        const { regions, ...problem } = randomProblem(seededRandom(seed), small)
        const model = modelOf({ ...problem, regions: regions!, ...client })
        const all = everyPlacement(model)
        const times = all.map((plan) => plan.seconds)
        const deadlineSeconds = Math.min(...times) + (Math.max(...times) - Math.min(...times)) * tightness
        const fitting = all.filter((plan) => keeps(plan, deadlineSeconds, Number.POSITIVE_INFINITY))
        const { best, lowerBound } = searchLeastMoney(model, { ...FREE, deadlineSeconds })
        const least = Math.min(...fitting.map((plan) => plan.usd))
        expect(best!.usd / least).toBeCloseTo(1, 8)
        expect(lowerBound).toBeLessThanOrEqual(least * (1 + 1e-8))
      }),
      { numRuns: LONG ? 100 : 20 },
    )
  })
})

describe('against HiGHS', () => {
  let highs: MilpSolver
  beforeAll(async () => {
    highs = await loadHighs()
  })

  it.each([
    { regions: 5, groups: 5, numRuns: LONG ? 12 : 3 },
    { regions: 8, groups: 15, numRuns: LONG ? 6 : 1 },
    ...(LONG ? [{ regions: 15, groups: 25, numRuns: 1 }] : []),
  ])(
    'agrees with it within a millionth on $regions regions and $groups groups with a deadline',
    ({ numRuns, ...size }) => {
      fc.assert(
        fc.property(seeds, worlds, share, (seed, world, tightness) => {
          const model = modelOf(world(seededRandom(seed), size))
          const deadlineSeconds = tightDeadline(model, 0.1 + 0.9 * tightness)
          const mine = searchLeastMoney(model, { ...FREE, deadlineSeconds, nodeLimit: 200_000 })
          const theirs = solveWithMilp(model, deadlineSeconds, highs)
          expect(Math.abs(mine.best!.usd / theirs.best!.usd - 1)).toBeLessThan(1e-6)
          expect(mine.lowerBound).toBeLessThanOrEqual(theirs.best!.usd * (1 + 1e-8))
        }),
        { numRuns, seed: 20_261_123 },
      )
    },
  )

  it.runIf(LONG)('agrees with it on 22 regions and 40 groups with a deadline', () => {
    const model = modelOf(randomProblem(seededRandom(4), { regions: 22, groups: 40 }))
    const deadlineSeconds = tightDeadline(model, 0.5)
    const mine = searchLeastMoney(model, { ...FREE, deadlineSeconds })
    const theirs = solveWithMilp(model, deadlineSeconds, highs)
    expect(Math.abs(mine.best!.usd / theirs.best!.usd - 1)).toBeLessThan(1e-6)
  })
})

describe('where the nodes run out', () => {
  it('the bound is still one: no placement is below it', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 20 }), (seed, nodeLimit) => {
        const model = modelOf(wildProblem(seededRandom(seed), { regions: 3, groups: 4 }))
        const all = everyPlacement(model)
        const deadlineSeconds = tightDeadline(model, 0.3)
        const least = Math.min(
          ...all.filter((plan) => keeps(plan, deadlineSeconds, Number.POSITIVE_INFINITY)).map((plan) => plan.usd),
        )
        const { best, lowerBound } = searchLeastMoney(model, { ...FREE, deadlineSeconds, nodeLimit })
        expect(lowerBound).toBeLessThanOrEqual(least * (1 + 1e-8))
        if (best !== undefined) expect(best.usd).toBeGreaterThanOrEqual(least * (1 - 1e-8))
      }),
      { numRuns: LONG ? 100 : 20 },
    )
  })
})
