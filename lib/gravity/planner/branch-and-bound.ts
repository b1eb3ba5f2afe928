import { type Candidate, candidateOf, prepareBranch } from './branch.ts'
import { searchDepthFirst } from './depth-first.ts'
import type { Evaluation, PlacementModel } from './model.ts'
import type { Placement } from './placement.ts'
import type { ScarcityPrices } from './scarcity.ts'
import { atMost, below, TOLERANCE } from './tolerance.ts'

export interface SearchOptions {
  readonly deadlineSeconds: number
  readonly budgetUsd: number
  /** The most search nodes over all merging places. */
  readonly nodeLimit: number
  /** Known placements. The search starts with the best one that keeps deadline and budget. */
  readonly known?: readonly Placement[]
  /** Whether to stop at the first placement that keeps deadline and budget. */
  readonly anyWillDo?: boolean
}

export interface SearchResult {
  readonly best: Placement | undefined
  /** A proven lower bound of the cost of all placements that keep deadline and budget; infinite if there are none. */
  readonly lowerBound: number
  readonly nodes: number
}

/** Whether a placement keeps deadline and budget. */
export const keeps = ({ usd, seconds }: Evaluation, deadlineSeconds: number, budgetUsd: number): boolean =>
  atMost(seconds, deadlineSeconds) && atMost(usd, budgetUsd)

/** A merging place whose search is not finished, with the lower bound of its costs. */
interface OpenCandidate {
  readonly candidate: Candidate
  readonly lowerBound: number
}

/**
 * Finds the cheapest placement that keeps deadline and budget, by branch and bound. It proves a lower bound even if the
 * node limit ends the search. Each possible merging place has its own search; the first bound rules out most of them.
 * Nodes that are left after all searches had their share go to the unfinished ones.
 */
export function searchLeastMoney(model: PlacementModel, options: SearchOptions): SearchResult {
  const { deadlineSeconds, budgetUsd, nodeLimit, anyWillDo = false } = options
  let best = cheapest((options.known ?? []).filter((plan) => keeps(plan, deadlineSeconds, budgetUsd)))
  let open = candidatesOf(model, deadlineSeconds).map((candidate) => ({ candidate, lowerBound: candidate.boundUsd }))
  let nodes = 0
  let prices: ScarcityPrices = new Map()
  const searchAll = (): void => {
    const unfinished: OpenCandidate[] = []
    for (const [index, { candidate, lowerBound }] of open.entries()) {
      const cutoffUsd = cutoffOf(best, budgetUsd)
      if (lowerBound >= cutoffUsd || (anyWillDo && best !== undefined)) continue
      const branch = prepareBranch(model, candidate, { cutoffUsd, prices })
      prices = branch.prices
      const share = Math.ceil((nodeLimit - nodes) / (open.length - index))
      const found = searchDepthFirst(model, branch, { cutoffUsd, deadlineSeconds, nodeLimit: share, anyWillDo })
      best = found.best ?? best
      nodes += found.nodes
      if (found.lowerBound < Number.POSITIVE_INFINITY) unfinished.push({ candidate, lowerBound: found.lowerBound })
    }
    open = unfinished
  }
  searchAll()
  if (open.length > 0 && nodes < nodeLimit) searchAll()
  const lowerBound = Math.min(best?.usd ?? Number.POSITIVE_INFINITY, ...open.map((left) => left.lowerBound))
  return { best, lowerBound, nodes }
}

/** The places that can merge in time, in ascending order of their first bound. */
export function candidatesOf(model: PlacementModel, deadlineSeconds: number): Candidate[] {
  return model.merges
    .map((merge) => candidateOf(model, merge, deadlineSeconds))
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.boundUsd - b.boundUsd)
}

/** The search ignores placements that cost this much or more. */
const cutoffOf = (best: Placement | undefined, budgetUsd: number): number =>
  best === undefined ? budgetUsd * (1 + 2 * TOLERANCE) + Number.MIN_VALUE : below(best.usd)

function cheapest(plans: readonly Placement[]): Placement | undefined {
  return plans.reduce<Placement | undefined>(
    (best, plan) => (best === undefined || plan.usd < best.usd ? plan : best),
    undefined,
  )
}
