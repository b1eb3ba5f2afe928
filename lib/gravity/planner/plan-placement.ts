import { CLIENT } from '../../client-name.ts'
import type { CostLine } from '../cost.ts'
import { datePrices, type PriceSection } from '../prices.ts'
import { LAMBDA_LIMITS } from '../tables/lambda-performance.ts'
import { secondsAt } from '../transfer.ts'
import { formatSeconds } from '../units.ts'
import { keeps, searchLeastMoney } from './branch-and-bound.ts'
import { searchLeastTime } from './least-time.ts'
import { buildModel, type PlacementModel } from './model.ts'
import { byObjective, type ExcludedIdea, type NaivePlacement, naivePlacements } from './naive.ts'
import { limitObstacles, residencyObstacles } from './obstacles.ts'
import { placeLines } from './parts.ts'
import type { Placement } from './placement.ts'
import { planLines } from './plan-lines.ts'
import { type ParsedProblem, type PlacementProblem, parseProblem } from './problem.ts'
import { routeBetween } from './routes.ts'

/** Where one group runs. */
export interface Assignment {
  /** Its index in the problem. */
  readonly group: number
  readonly name: string
  readonly region: string
}

/** A placement that residency allows, with cost and time. `feasible` says whether it keeps deadline and budget. */
export interface Alternative {
  readonly name: string
  readonly usd: number
  readonly seconds: number
  readonly feasible: boolean
  readonly mergeRegion: string
  /** The place of each group. */
  readonly regions: readonly string[]
}

interface PlanBase {
  readonly objective: 'money' | 'time'
  /** The simple placements and the plan itself, for comparison. */
  readonly alternatives: readonly Alternative[]
  /** Simple placements that are impossible. */
  readonly excluded: readonly ExcludedIdea[]
  /** Why this is the plan, or why there is none: which constraint, which group. */
  readonly reasons: readonly string[]
  /** The date of the oldest price that was used. */
  readonly pricesAsOf: string
  /** Warnings about old prices and about links without measurements. */
  readonly warnings: readonly string[]
}

/** A plan: where everything runs, what it costs and how long it takes. It is plain data. */
export interface FeasiblePlan extends PlanBase {
  readonly feasible: true
  /** Whether it is proven, to within a millionth, that no better plan exists. */
  readonly optimal: boolean
  /** How much better another plan could be at most, as a share of this plan's objective. */
  readonly gap: number
  /** A proven lower bound of the objective: USD, or seconds if the objective is time. */
  readonly lowerBound: number
  readonly usd: number
  readonly seconds: number
  /** The place that merges the results. */
  readonly mergeRegion: string
  readonly assignments: readonly Assignment[]
  /** The parts of the cost. Their sum is `usd`. */
  readonly lines: readonly CostLine[]
}

/** No plan: `reasons` name the constraints that rule out every placement. */
export interface InfeasiblePlan extends PlanBase {
  readonly feasible: false
  /** Whether it is proven that no plan exists; `false` if the node limit ended the search. */
  readonly optimal: boolean
  readonly gap: null
  readonly lowerBound: null
  readonly usd: null
  readonly seconds: null
  readonly mergeRegion: null
  readonly assignments: readonly []
  readonly lines: readonly []
}

/** A placement, or why there is none. */
export type Plan = FeasiblePlan | InfeasiblePlan

/** Options of {@link planPlacement}. */
export interface PlanOptions {
  /** The most search nodes; the search visits tens of thousands in a second. @default 50000 */
  readonly nodeLimit?: number
  /** The time with which the age of prices is computed. @default the present */
  readonly now?: Date
}

/** The default of {@link PlanOptions.nodeLimit}. */
export const DEFAULT_NODE_LIMIT = 50_000

/** The relative difference below which two objectives are equal. */
const PRECISION = 1e-6

/**
 * Plans where each group of data is processed and where results are merged, with the least cost by a deadline, or the
 * least time within a budget. Residency of data (`allowed`) and of results (`resultAllowed`) is always kept.
 *
 * Data to code costs `b · p(source) + GETs + λ(place) · GB-s`. Code to data costs `a · p(client) + PUT + GETs + λ(source) ·
 * GB-s + ρ · p(source)`. Here b are the bytes of the data, a those of the agent, ρ those of the result, p is the price of
 * transfer and λ that of Lambda. The time of a place is its start plus the slowest of links, network and CPU. The time of
 * the plan is that of the slowest place, plus the slowest transfer of results, the merge and the delivery. Formulas,
 * tables and sources are in docs/gravity.md.
 *
 * If no placement keeps the constraints, `feasible` is false and `reasons` name the constraint and the group.
 *
 * @throws {UsageError} `PROBLEM_INVALID`, `REGION_UNKNOWN` or `PRICE_UNKNOWN`.
 * @example
 * ```ts
 * const plan = planPlacement({
 *   groups: [
 *     { region: 'us-east-1', bytes: 2e12, resultBytes: 1e6 },
 *     { region: 'eu-west-1', bytes: 1e12, resultBytes: 1e6 },
 *   ],
 *   agentBytes: 50_000,
 *   client: 'us-east-1',
 * })
 * plan.assignments.map(({ region }) => region) // ['us-east-1', 'eu-west-1']
 * ```
 */
export function planPlacement(problem: PlacementProblem, options: PlanOptions = {}): Plan {
  const parsed = parseProblem(problem)
  const obstacles = residencyObstacles(parsed)
  if (obstacles.length > 0) return infeasible(parsed, { reasons: obstacles, proven: true }, options)
  const rough = buildModel(parsed)
  const { ideas, excluded } = naivePlacements(parsed, rough)
  const model = rough.internetUsd === undefined ? rough : buildModel(parsed, mostUsd(parsed, ideas))
  const found = solve(parsed, model, ideas, options)
  const alternatives = alternativesOf(parsed, ideas, found.best)
  const context = { alternatives, excluded }
  if (found.best === undefined) {
    const reasons = limitObstacles(parsed, model)
    return infeasible(parsed, { ...context, reasons, proven: found.lowerBound === Number.POSITIVE_INFINITY }, options)
  }
  return feasible(parsed, model, { ...context, best: found.best, lowerBound: found.lowerBound }, options)
}

/** The most that a plan may cost: the budget and, for the cheapest plan, the cost of a simple placement. */
function mostUsd(
  { objective, deadlineSeconds = Number.POSITIVE_INFINITY, budgetUsd = Number.POSITIVE_INFINITY }: ParsedProblem,
  ideas: readonly Placement[],
): number {
  if (objective === 'time') return budgetUsd
  return Math.min(budgetUsd, ...ideas.filter((idea) => keeps(idea, deadlineSeconds, budgetUsd)).map(({ usd }) => usd))
}

interface Solution {
  readonly best: Placement | undefined
  readonly lowerBound: number
}

function solve(
  problem: ParsedProblem,
  model: PlacementModel,
  ideas: readonly Placement[],
  options: PlanOptions,
): Solution {
  const { deadlineSeconds = Number.POSITIVE_INFINITY, budgetUsd = Number.POSITIVE_INFINITY } = problem
  const { nodeLimit = DEFAULT_NODE_LIMIT } = options
  if (problem.objective === 'money') {
    return searchLeastMoney(model, { deadlineSeconds, budgetUsd, nodeLimit, known: ideas })
  }
  const { best, lowerBoundSeconds } = searchLeastTime(model, { budgetUsd, nodeLimit, known: ideas })
  const inTime = best !== undefined && keeps(best, deadlineSeconds, budgetUsd)
  if (inTime) return { best, lowerBound: lowerBoundSeconds }
  return {
    best: undefined,
    lowerBound: lowerBoundSeconds > deadlineSeconds ? Number.POSITIVE_INFINITY : lowerBoundSeconds,
  }
}

const gapOf = (value: number, lowerBound: number): number =>
  value === 0 ? 0 : Math.max(0, (value - Math.max(0, lowerBound)) / value)

function alternativesOf(
  problem: ParsedProblem,
  ideas: readonly NaivePlacement[],
  best: Placement | undefined,
): Alternative[] {
  const { deadlineSeconds = Number.POSITIVE_INFINITY, budgetUsd = Number.POSITIVE_INFINITY } = problem
  const describe = (name: string, plan: Placement): Alternative => ({
    name,
    usd: plan.usd,
    seconds: plan.seconds,
    feasible: keeps(plan, deadlineSeconds, budgetUsd),
    mergeRegion: problem.places[plan.merge.place]!,
    regions: plan.chosen.map((place) => problem.places[place]!),
  })
  const naive = ideas.map((idea) => describe(idea.name, idea)).sort(byObjective(problem.objective))
  return best === undefined || ideas.some((idea) => sameChoice(idea, best))
    ? naive
    : [describe('mixed', best), ...naive]
}

const sameChoice = (a: Placement, b: Placement): boolean => a.chosen.every((place, group) => place === b.chosen[group])

interface Context {
  readonly alternatives: readonly Alternative[]
  readonly excluded: readonly ExcludedIdea[]
}

function feasible(
  problem: ParsedProblem,
  model: PlacementModel,
  found: Context & { best: Placement; lowerBound: number },
  options: PlanOptions,
): FeasiblePlan {
  const { best, lowerBound, alternatives, excluded } = found
  const gap = gapOf(problem.objective === 'money' ? best.usd : best.seconds, lowerBound)
  const regions = best.chosen.map((place) => problem.places[place]!)
  return {
    feasible: true,
    objective: problem.objective,
    optimal: gap <= PRECISION,
    gap,
    lowerBound: Math.max(0, lowerBound),
    usd: best.usd,
    seconds: best.seconds,
    mergeRegion: problem.places[best.merge.place]!,
    assignments: problem.groups.map(({ name }, group) => ({ group, name, region: regions[group]! })),
    lines: planLines(problem, model, best),
    alternatives,
    excluded,
    reasons: reasonsFor(problem, regions, alternatives),
    ...datesAndWarnings(problem, options, regions),
  }
}

/** Sentences about what the plan does, and how the alternatives compare. */
function reasonsFor(
  problem: ParsedProblem,
  regions: readonly string[],
  alternatives: readonly Alternative[],
): string[] {
  const stay = problem.groups.filter((group, index) => group.region === regions[index]).length
  const all = problem.groups.length
  const shape =
    stay === all
      ? 'every group is processed in its own region'
      : new Set(regions).size === 1
        ? `every group is processed in ${regions[0]}`
        : `${stay} of ${all} groups are processed in their own regions, the others are moved`
  const late = alternatives
    .filter(({ feasible: fits }) => !fits)
    .map(({ name }) => `${name} does not keep the deadline or the budget`)
  return [shape, ...late]
}

function infeasible(
  problem: ParsedProblem,
  {
    reasons,
    proven,
    alternatives = [],
    excluded = [],
  }: Partial<Context> & { reasons: readonly string[]; proven: boolean },
  options: PlanOptions,
): InfeasiblePlan {
  return {
    feasible: false,
    objective: problem.objective,
    optimal: proven,
    gap: null,
    lowerBound: null,
    usd: null,
    seconds: null,
    mergeRegion: null,
    assignments: [],
    lines: [],
    alternatives,
    excluded,
    reasons,
    ...datesAndWarnings(problem, options, []),
  }
}

function datesAndWarnings(problem: ParsedProblem, { now = new Date() }: PlanOptions, regions: readonly string[]) {
  const sections: PriceSection[] = ['interRegionUsdPerGB', 's3', 'lambda']
  if (problem.places.includes(CLIENT)) sections.push('internet')
  const { pricesAsOf, warnings } = datePrices(sections, problem.prices, now)
  return { pricesAsOf, warnings: [...warnings, ...assumedLinks(problem, regions), ...longRuns(problem, regions)] }
}

/** A warning for each region where the work takes longer than a function may run. */
function longRuns(problem: ParsedProblem, regions: readonly string[]): string[] {
  if (!problem.compute.throttled) return []
  const { maxSeconds } = LAMBDA_LIMITS
  return [...new Set(regions)]
    .filter((region) => region !== CLIENT)
    .flatMap((region) => {
      const bytes = problem.groups.reduce((sum, group, index) => sum + (regions[index] === region ? group.bytes : 0), 0)
      const seconds = secondsAt(placeLines(region, problem), bytes)
      if (seconds <= maxSeconds) return []
      const workers = Math.ceil((problem.compute.workers * seconds) / maxSeconds)
      return [
        `work in ${region} takes ${formatSeconds(seconds)}, but a function may run only ${formatSeconds(maxSeconds)}: use ${workers} workers`,
      ]
    })
}

/** A warning that names the links of the plan without measurements. */
function assumedLinks(problem: ParsedProblem, regions: readonly string[]): string[] {
  const links = problem.groups
    .map((group, index) => [group.region, regions[index]] as const)
    .filter(([from, to]) => to !== undefined && routeBetween(from, to, problem).assumed)
    .map(([from, to]) => (from === to ? `inside ${from}` : `from ${from} to ${to}`))
  if (links.length === 0) return []
  return [`no measurement exists of the link ${[...new Set(links)].join(', ')}; a cautious figure is assumed`]
}
