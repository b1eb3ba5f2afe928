import { type Branch, type Candidate, candidateOf, prepareBranch } from './branch.ts'
import { searchDepthFirst } from './depth-first.ts'
import type { Evaluation, MergeOption, PlacementModel } from './model.ts'
import type { TimePrices } from './time-prices.ts'
import { atMost, below, TOLERANCE } from './tolerance.ts'

/** Groups in their places, results in theirs, and what that comes to. */
export interface Placement extends Evaluation {
  /** The place of each group. */
  readonly chosen: readonly number[]
  readonly merge: MergeOption
}

export interface SearchOptions {
  readonly deadlineSeconds: number
  readonly budgetUsd: number
  /** How many branches may be looked at, over all merging places. */
  readonly nodeLimit: number
  /** Placements known beforehand; the best one that fits is where the search starts. */
  readonly known?: readonly Placement[]
  /** Whether the first placement that fits will do. */
  readonly anyWillDo?: boolean
}

export interface SearchResult {
  readonly best: Placement | undefined
  /** No placement that keeps deadline and budget costs less; infinite where none exists. */
  readonly lowerBound: number
  readonly nodes: number
}

/** Whether a placement keeps deadline and budget. */
export const keeps = ({ usd, seconds }: Evaluation, deadlineSeconds: number, budgetUsd: number): boolean =>
  atMost(seconds, deadlineSeconds) && atMost(usd, budgetUsd)

/**
 * The cheapest placement that keeps deadline and budget, by branch and bound, with a proven lower bound even where
 * the nodes run out. Each place that could merge is a search of its own; most are ruled out by their first bound.
 */
export function searchLeastMoney(model: PlacementModel, options: SearchOptions): SearchResult {
  const { deadlineSeconds, budgetUsd, nodeLimit, anyWillDo = false } = options
  let best = cheapest((options.known ?? []).filter((plan) => keeps(plan, deadlineSeconds, budgetUsd)))
  let lowerBound = Number.POSITIVE_INFINITY
  let nodes = 0
  let timePrices: TimePrices = new Map()
  const candidates = candidatesOf(model, deadlineSeconds)
  for (const [index, candidate] of candidates.entries()) {
    if (anyWillDo && best !== undefined) break
    if (candidate.boundUsd >= cutoffOf(best, budgetUsd)) continue
    const cutoffUsd = cutoffOf(best, budgetUsd)
    const branch: Branch = prepareBranch(model, candidate, { cutoffUsd, timePrices })
    timePrices = branch.timePrices
    const share = Math.ceil((nodeLimit - nodes) / (candidates.length - index))
    const limits = { cutoffUsd, deadlineSeconds, nodeLimit: share, anyWillDo }
    const found = searchDepthFirst(model, branch, limits)
    best = found.best ?? best
    nodes += found.nodes
    lowerBound = Math.min(lowerBound, found.lowerBound)
  }
  return { best, lowerBound: Math.min(lowerBound, best?.usd ?? Number.POSITIVE_INFINITY), nodes }
}

/** The places that could merge in time, the one with the lowest first bound first. */
export function candidatesOf(model: PlacementModel, deadlineSeconds: number): Candidate[] {
  return model.merges
    .map((merge) => candidateOf(model, merge, deadlineSeconds))
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.boundUsd - b.boundUsd)
}

/** A placement must come in below this to be of interest. */
const cutoffOf = (best: Placement | undefined, budgetUsd: number): number =>
  best === undefined ? budgetUsd * (1 + 2 * TOLERANCE) + Number.MIN_VALUE : below(best.usd)

export function cheapest(plans: readonly Placement[]): Placement | undefined {
  return plans.reduce<Placement | undefined>(
    (best, plan) => (best === undefined || plan.usd < best.usd ? plan : best),
    undefined,
  )
}
