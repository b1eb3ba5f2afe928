/**
 * Measures how fast the planner decides, and whether HiGHS finds the same plans.
 *
 *     npx tsx bench/planner.ts [--quick] [--check] [--json FILE]
 *
 * Instances are random but seeded. Some use the published tables. In the others every pair of places has its own price
 * and rate, and the cheap place is seldom the fast one. Deadlines lie between the fastest and the cheapest plan.
 */
import { searchLeastMoney } from '../lib/gravity/planner/branch-and-bound.ts'
import { searchLeastTime } from '../lib/gravity/planner/least-time.ts'
import { buildModel, type PlacementModel } from '../lib/gravity/planner/model.ts'
import { DEFAULT_NODE_LIMIT } from '../lib/gravity/planner/plan-placement.ts'
import { parseProblem } from '../lib/gravity/planner/problem.ts'
import { loadHighs } from '../test/gravity/support/highs.ts'
import { type MilpSolver, solveWithMilp } from '../test/gravity/support/milp.ts'
import { randomProblem, seededRandom, wildProblem } from '../test/gravity/support/problems.ts'
import { benchmark, median, type Promised } from './support/program.ts'

interface Case {
  readonly name: string
  readonly world: typeof randomProblem
  readonly regions: number
  readonly groups: number
  readonly deadline: boolean
  readonly instances: number
  /** The number of instances that HiGHS solves too. It is fewer because HiGHS is slow. */
  readonly compared: number
  readonly promisedMs: number
}

const WITH_DEADLINE = { groups: 40, deadline: true, instances: 40, promisedMs: 40 }
const WITHOUT = { groups: 100, deadline: false, instances: 40, compared: 4, promisedMs: 5 }

// 22 regions have all prices and rates published.
const CASES: readonly Case[] = [
  { name: 'tables, 22 × 40, deadline', world: randomProblem, regions: 22, compared: 8, ...WITH_DEADLINE },
  { name: 'made-up, 25 × 40, deadline', world: wildProblem, regions: 25, compared: 4, ...WITH_DEADLINE },
  { name: 'tables, 22 × 100', world: randomProblem, regions: 22, ...WITHOUT },
  { name: 'made-up, 25 × 100', world: wildProblem, regions: 25, ...WITHOUT },
]

const FREE = {
  deadlineSeconds: Number.POSITIVE_INFINITY,
  budgetUsd: Number.POSITIVE_INFINITY,
  nodeLimit: DEFAULT_NODE_LIMIT,
}

interface Measured {
  readonly instances: number
  readonly medianMs: number
  readonly worstMs: number
  /** The plans that were proven optimal within the node limit. */
  readonly proven: number
  readonly highs: { readonly compared: number; readonly medianMs: number | null; readonly largestDifference: number }
}

await benchmark('planner', async ({ quick }) => {
  const highs = await loadHighs({ timeLimitSeconds: 60 })
  warmUp()
  const figures: Record<string, Measured> = {}
  for (const each of CASES) figures[each.name] = measure(each, highs, quick)
  return {
    about: 'How fast a plan is found and proven, and whether HiGHS, a general solver, agrees.',
    promises: CASES.flatMap((each) => promisesOf(each, figures[each.name]!)),
    figures,
  }
})

function promisesOf({ name, promisedMs }: Case, { medianMs, highs }: Measured): Promised[] {
  const speed = { name: `${name}: median`, value: medianMs, unit: 'ms', atMost: promisedMs }
  if (highs.compared === 0) return [speed]
  return [
    speed,
    { name: `${name}: largest difference from HiGHS`, value: highs.largestDifference, unit: '', atMost: 1e-6 },
  ]
}

/** Measures after the JIT has compiled the code, because users see that speed from the second plan on. */
function warmUp(): void {
  for (let seed = 0; seed < 5; seed++) {
    const model = modelOf(wildProblem, seed, { regions: 10, groups: 20 })
    searchLeastMoney(model, { ...FREE, deadlineSeconds: deadlineOf(model, 0.5) })
  }
}

function modelOf(world: typeof randomProblem, seed: number, size: { regions: number; groups: number }): PlacementModel {
  return buildModel(parseProblem(world(seededRandom(seed), size)))
}

function deadlineOf(model: PlacementModel, looseness: number): number {
  const slow = searchLeastMoney(model, FREE).best!.seconds
  const fast = searchLeastTime(model, { budgetUsd: Number.POSITIVE_INFINITY, nodeLimit: 2000 }).best!.seconds
  return fast + (slow - fast) * looseness
}

/** Returns the result of `work` and the milliseconds it took. */
function clocked<T>(work: () => T): [result: T, ms: number] {
  const start = performance.now()
  const result = work()
  return [result, performance.now() - start]
}

function measure(each: Case, highs: MilpSolver, quick: boolean): Measured {
  const instances = quick ? Math.ceil(each.instances / 8) : each.instances
  const compared = quick ? 1 : each.compared
  const mine: number[] = []
  const theirs: number[] = []
  let proven = 0
  let largestDifference = 0
  for (let seed = 1; seed <= instances; seed++) {
    const model = modelOf(each.world, seed * 7919, each)
    const looseness = 0.05 + 0.9 * seededRandom(seed)()
    const deadlineSeconds = each.deadline ? deadlineOf(model, looseness) : Number.POSITIVE_INFINITY
    const [found, ms] = clocked(() => searchLeastMoney(model, { ...FREE, deadlineSeconds }))
    mine.push(ms)
    const best = found.best!
    if (best.usd - found.lowerBound <= 1e-6 * best.usd) proven++
    if (seed > compared) continue
    const [other, otherMs] = clocked(() => solveWithMilp(model, deadlineSeconds, highs))
    theirs.push(otherMs)
    largestDifference = Math.max(largestDifference, Math.abs(best.usd / other.best!.usd - 1))
  }
  return {
    instances,
    medianMs: median(mine),
    worstMs: Math.max(...mine),
    proven,
    highs: { compared: theirs.length, medianMs: theirs.length === 0 ? null : median(theirs), largestDifference },
  }
}
