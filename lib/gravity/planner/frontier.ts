import { searchLeastMoney } from './branch-and-bound.ts'
import { searchLeastTime } from './least-time.ts'
import { buildModel, type PlacementModel } from './model.ts'
import { naivePlacements } from './naive.ts'
import { residencyObstacles } from './obstacles.ts'
import type { Placement } from './placement.ts'
import type { PlanOptions } from './plan-placement.ts'
import { type ParsedProblem, type PlacementProblem, parseProblem } from './problem.ts'

/** A placement on the frontier: no other one is both cheaper and faster. */
export interface FrontierPoint {
  readonly usd: number
  readonly seconds: number
  readonly mergeRegion: string
  /** The place of each group. */
  readonly regions: readonly string[]
}

/** The resolution of a frontier. */
export interface FrontierOptions extends Pick<PlanOptions, 'nodeLimit'> {
  /** The number of deadlines between the fastest plan and the cheapest. @default 9 */
  readonly steps?: number
}

/**
 * The plans between the fastest and the cheapest, which show what time costs. Each is the cheapest plan for one of several
 * deadlines. The problem's own deadline and budget are ignored. The result is empty if residency allows no plan.
 *
 * @throws {UsageError} `PROBLEM_INVALID`, `REGION_UNKNOWN` or `PRICE_UNKNOWN`.
 */
export function placementFrontier(problem: PlacementProblem, options: FrontierOptions = {}): readonly FrontierPoint[] {
  const { steps = 9, nodeLimit = 20_000 } = options
  const parsed = parseProblem(problem)
  if (residencyObstacles(parsed).length > 0) return []
  const model = buildModel(parsed)
  const known: Placement[] = naivePlacements(parsed, model).ideas
  const noLimit = { deadlineSeconds: Number.POSITIVE_INFINITY, budgetUsd: Number.POSITIVE_INFINITY, nodeLimit }
  const cheapest = searchLeastMoney(model, { ...noLimit, known }).best
  const fastest = searchLeastTime(model, { ...noLimit, known }).best
  if (cheapest === undefined || fastest === undefined) return []
  const between = deadlinesBetween(fastest.seconds, cheapest.seconds, steps).map(
    (deadlineSeconds) => searchLeastMoney(model, { ...noLimit, deadlineSeconds, known: [...known, fastest] }).best!,
  )
  return undominated([fastest, ...between, cheapest]).map((plan) => pointOf(parsed, model, plan))
}

/** Deadlines with equal ratios, because a minute matters if the plan takes two, and not if it takes a day. */
function deadlinesBetween(fast: number, slow: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, index) => fast * (slow / fast) ** ((index + 1) / (steps + 1)))
}

/** The plans in ascending order of time, without those that are not cheaper than a faster one. */
function undominated(plans: readonly Placement[]): Placement[] {
  const sorted = [...plans].sort((a, b) => a.seconds - b.seconds || a.usd - b.usd)
  return sorted.filter((plan, index) => sorted.slice(0, index).every((faster) => plan.usd < faster.usd))
}

const pointOf = (
  problem: ParsedProblem,
  model: PlacementModel,
  { usd, seconds, merge, chosen }: Placement,
): FrontierPoint => ({
  usd,
  seconds,
  mergeRegion: model.places[merge.place]!,
  regions: chosen.map((place) => problem.places[place]!),
})
