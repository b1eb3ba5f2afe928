import { buildModel, evaluate } from './model.ts'
import { type ParsedProblem, type PlacementProblem, parseProblem } from './problem.ts'

/** An uncertain figure of the problem, and the factor at which the decision would change. */
export interface BreakEven {
  readonly what: 'result bytes' | 'data bytes' | 'transfer prices' | 'link bandwidth' | 'agent bytes'
  /** The factor of the figure at which the plan and the rival are equally good. */
  readonly factor: number
}

/** A placement with the names of places, as in plans and alternatives. */
export interface NamedPlacement {
  readonly regions: readonly string[]
  readonly mergeRegion: string
}

/** Larger changes of a figure are not reported. */
const LARGEST_FACTOR = 1000

/**
 * The factors at which a rival would be as good as the plan by the problem's objective, if only one figure changed.
 * Figures that can't change the decision within a factor of 1,000 are left out.
 */
export function breakEvens(problem: PlacementProblem, plan: NamedPlacement, rival: NamedPlacement): BreakEven[] {
  const parsed = parseProblem(problem)
  return CHANGES.flatMap(({ what, change }) => {
    const advantage = (factor: number) => {
      const changed = change(parsed, factor)
      return objectiveOf(changed, rival) - objectiveOf(changed, plan)
    }
    const factor = zeroOf(advantage)
    return factor === undefined ? [] : [{ what, factor }]
  })
}

interface Change {
  readonly what: BreakEven['what']
  readonly change: (problem: ParsedProblem, factor: number) => ParsedProblem
}

const CHANGES: readonly Change[] = [
  {
    what: 'result bytes',
    change: (problem, factor) =>
      withGroups(problem, (group) => ({ ...group, resultBytes: group.resultBytes * factor })),
  },
  {
    what: 'data bytes',
    change: (problem, factor) => withGroups(problem, (group) => ({ ...group, bytes: group.bytes * factor })),
  },
  { what: 'transfer prices', change: withTransferPrices },
  { what: 'link bandwidth', change: (problem, factor) => ({ ...problem, linkFactor: problem.linkFactor * factor }) },
  { what: 'agent bytes', change: (problem, factor) => ({ ...problem, agentBytes: problem.agentBytes * factor }) },
]

function withGroups(
  problem: ParsedProblem,
  change: (group: ParsedProblem['groups'][number]) => ParsedProblem['groups'][number],
): ParsedProblem {
  return { ...problem, groups: problem.groups.map(change) }
}

function withTransferPrices(problem: ParsedProblem, factor: number): ParsedProblem {
  const { prices } = problem
  const scaled = (row: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(row).map(([to, usd]) => [to, usd * factor]))
  const interRegionUsdPerGB = Object.fromEntries(
    Object.entries(prices.interRegionUsdPerGB).map(([from, row]) => [from, scaled(row)]),
  )
  return { ...problem, prices: { ...prices, interRegionUsdPerGB } }
}

function objectiveOf(problem: ParsedProblem, { regions, mergeRegion }: NamedPlacement): number {
  const model = buildModel(problem)
  const merge = model.merges.find(({ place }) => model.places[place] === mergeRegion)!
  const { usd, seconds } = evaluate(
    model,
    regions.map((region) => model.places.indexOf(region)),
    merge,
  )
  return problem.objective === 'money' ? usd : seconds
}

const STEPS = 60

/** The zero of a function that is positive at 1: the one that is nearer to 1. */
function zeroOf(advantage: (factor: number) => number): number | undefined {
  const zeros = [LARGEST_FACTOR, 1 / LARGEST_FACTOR].flatMap((end) => {
    if (advantage(end) > 0) return []
    let [near, far] = [0, Math.log(end)]
    for (let step = 0; step < STEPS; step++) {
      const middle = (near + far) / 2
      if (advantage(Math.exp(middle)) > 0) near = middle
      else far = middle
    }
    return [far]
  })
  return zeros.length === 0 ? undefined : Math.exp(zeros.reduce((a, b) => (Math.abs(a) < Math.abs(b) ? a : b)))
}
