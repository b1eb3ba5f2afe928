import { keeps, type SearchOptions, searchLeastMoney } from './branch-and-bound.ts'
import { evaluate, type PlacementModel } from './model.ts'
import type { Placement } from './placement.ts'

/**
 * Least time under a budget, by bisection of the deadline: the makespan itself is a poor objective for branch and
 * bound, but whether *some* placement keeps a deadline and the budget is a question it answers quickly. Each answer
 * halves the gap from one side; where the nodes run out before an answer, the gap stays and is reported.
 */

export interface LeastTimeResult {
  readonly best: Placement | undefined
  /** No placement within the budget is faster; infinite where none exists. */
  readonly lowerBoundSeconds: number
}

/** The gap at which a plan counts as fastest, relative to its time. */
export const TIME_PRECISION = 1e-7

export type LeastTimeOptions = Pick<SearchOptions, 'budgetUsd' | 'nodeLimit' | 'known'>

/** The fastest placement within the budget, and the cheapest of those as fast. */
export function searchLeastTime(model: PlacementModel, options: LeastTimeOptions): LeastTimeResult {
  const { budgetUsd, nodeLimit, known = [] } = options
  const within = known.filter((plan) => keeps(plan, Number.POSITIVE_INFINITY, budgetUsd))
  const cheapest = searchLeastMoney(model, { deadlineSeconds: Number.POSITIVE_INFINITY, budgetUsd, nodeLimit, known })
  const start = fastest([...within, ...(cheapest.best === undefined ? [] : [cheapest.best])])
  if (start === undefined) return { best: undefined, lowerBoundSeconds: provenOr(cheapest.lowerBound, model) }
  const { best, lowerBoundSeconds } = bisect(model, options, start)
  const polished = searchLeastMoney(model, { deadlineSeconds: best.seconds, budgetUsd, nodeLimit, known: [best] })
  return { best: polished.best ?? best, lowerBoundSeconds }
}

/** Infinite if the search proved that nothing fits, else what any placement takes at least. */
const provenOr = (lowerBoundUsd: number, model: PlacementModel): number =>
  lowerBoundUsd === Number.POSITIVE_INFINITY ? lowerBoundUsd : leastSeconds(model)

function bisect(model: PlacementModel, { budgetUsd, nodeLimit }: LeastTimeOptions, start: Placement) {
  let best = start
  let low = leastSeconds(model)
  let open = low
  while (best.seconds - open > TIME_PRECISION * best.seconds) {
    const deadlineSeconds = (open + best.seconds) / 2
    const found = searchLeastMoney(model, { deadlineSeconds, budgetUsd, nodeLimit, anyWillDo: true })
    if (found.best !== undefined) best = found.best
    else {
      // Proven impossible only if no branch was left out; otherwise go on above it and leave the gap.
      if (found.lowerBound === Number.POSITIVE_INFINITY) low = deadlineSeconds
      open = deadlineSeconds
    }
  }
  const closed = best.seconds - low <= 2 * TIME_PRECISION * best.seconds
  return { best, lowerBoundSeconds: closed ? best.seconds : Math.min(low, best.seconds) }
}

export function fastest(plans: readonly Placement[]): Placement | undefined {
  return plans.reduce<Placement | undefined>(
    (best, plan) => (best === undefined || plan.seconds < best.seconds ? plan : best),
    undefined,
  )
}

/** What no placement can beat: the slowest group, alone in its fastest place, and the fastest merge. */
export function leastSeconds(model: PlacementModel): number {
  const merges = model.merges.map((merge) => {
    const alone = model.bytes.map((_, group) => fastestAlone(model, group, merge))
    return Math.max(...alone)
  })
  return Math.min(...merges)
}

function fastestAlone(model: PlacementModel, group: number, merge: PlacementModel['merges'][number]): number {
  const allowed = [...model.places.keys()].filter((place) => Number.isFinite(model.groupUsd[group]![place]!))
  const single = {
    ...model,
    sourceOf: [0],
    sourceCount: 1,
    bytes: [model.bytes[group]!],
    results: [model.results[group]!],
  }
  const one = {
    ...single,
    link: [model.link[model.sourceOf[group]!]!],
    groupUsd: [model.groupUsd[group]!],
    internetUsd: undefined,
  }
  return Math.min(...allowed.map((place) => evaluate(one, [place], merge).seconds))
}
