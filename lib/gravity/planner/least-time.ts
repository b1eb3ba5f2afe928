import { keeps, type SearchOptions, searchLeastMoney } from './branch-and-bound.ts'
import { evaluate, type PlacementModel } from './model.ts'
import type { Placement } from './placement.ts'

/**
 * Finds the least time within a budget by bisection of the deadline. The makespan is a poor objective for branch and
 * bound, but branch and bound quickly answers whether some placement keeps a deadline and the budget. Each answer halves
 * the interval. If the node limit ends a search without an answer, the remaining gap is reported.
 */

export interface LeastTimeResult {
  readonly best: Placement | undefined
  /** A proven lower bound of the time of all placements within the budget; infinite if there are none. */
  readonly lowerBoundSeconds: number
}

/** A plan counts as fastest if the relative gap to the lower bound is at most this. */
export const TIME_PRECISION = 1e-7

export type LeastTimeOptions = Pick<SearchOptions, 'budgetUsd' | 'nodeLimit' | 'known'>

/** Finds the fastest placement within the budget and, among equally fast ones, the cheapest. */
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

/** Infinite if the search proved that no placement fits, else the least seconds of any placement. */
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
      // The deadline is proven impossible only if the search was complete. Otherwise the gap stays open.
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

/** A lower bound of every plan's time: the slowest group alone in its fastest place, plus the fastest merge. */
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
