import type { Branch, PricedChoice } from './branch.ts'
import { evaluate, type PlacementModel } from './model.ts'
import { PlaceLoads, restsOf } from './place-loads.ts'
import type { Placement } from './placement.ts'
import { atMost, below } from './tolerance.ts'

export interface DepthFirstLimits {
  readonly deadlineSeconds: number
  /** The search ignores placements that cost this much or more. */
  readonly cutoffUsd: number
  readonly nodeLimit: number
  readonly anyWillDo: boolean
}

/**
 * Searches one branch depth first: it places the groups one by one, each in its cheapest place first. It backtracks when
 * the deadline can't be kept, or when the spent cost plus the lower bound of the remaining groups reaches the cost of the
 * best known plan.
 *
 * The spent cost contains the priced cost of each placed group: its own cost, the price of scarce resources, and its share
 * of the place's opening cost. If a group goes elsewhere, the share that it would have paid is added for each place in
 * use, so that every used place is paid in full. The spent cost never exceeds the true cost of a completion. When all
 * groups are placed, the true cost is evaluated.
 */
export function searchDepthFirst(model: PlacementModel, branch: Branch, limits: DepthFirstLimits) {
  const { merge, secondsLeft, order, choices, remainingUsd, baseUsd } = branch
  const loads = new PlaceLoads(model, merge)
  // Without a deadline, every place has time for all groups.
  const rests = secondsLeft === Number.POSITIVE_INFINITY ? undefined : restsOf(model, order, choices)
  /** `[place]`: the shares of opening costs of groups that were placed elsewhere. */
  const missedShares = new Float64Array(model.places.length)
  const chosen = new Array<number>(order.length).fill(-1)
  let best: Placement | undefined
  let cutoff = limits.cutoffUsd
  let lowerBound = Number.POSITIVE_INFINITY
  let nodes = 0

  const fits = (group: number, place: number, work: number, result: number): boolean =>
    Math.max(work, loads.workWith(group, place)) + Math.max(result, loads.resultsWith(group, place)) <= secondsLeft

  /** The extra cost of the groups from the k-th on, if each uses its cheapest place that still has time for it. */
  const extraFrom = (k: number, work: number, result: number, room: number): number => {
    let extra = 0
    for (let index = k; index < order.length && extra < room; index++) {
      const mine = choices[order[index]!]!
      let at = 0
      while (at < mine.length && !fits(order[index]!, mine[at]!.place, work, result)) at++
      if (at === mine.length) return Number.POSITIVE_INFINITY
      extra += mine[at]!.pricedUsd - mine[0]!.pricedUsd
    }
    return extra
  }

  /**
   * Whether a choice is best for any completion: it costs no more than the others, even with all opening costs of its
   * place, and no plan has to wait for it.
   */
  const carefree = (
    k: number,
    mine: readonly PricedChoice[],
    work: number,
    result: number,
  ): PricedChoice | undefined => {
    if (model.internetUsd !== undefined) return undefined
    let least: PricedChoice | undefined
    let leastUsd = Number.POSITIVE_INFINITY
    for (const choice of mine) {
      const usd = choice.usd + (loads.isUsed(choice.place) ? 0 : model.openUsd[choice.place]!)
      const roomy = () => rests === undefined || loads.hasRoomFor(rests[k]!, choice.place, work, result)
      if (usd < leastUsd && roomy()) [least, leastUsd] = [choice, usd]
    }
    return least
  }

  const step = (k: number, spent: number, work: number, result: number): void => {
    if (k === order.length) {
      finish()
      return
    }
    const mine = choices[order[k]!]!
    const safe = carefree(k, mine, work, result)
    const safeUsd = safe === undefined ? Number.POSITIVE_INFINITY : safe.usd + openingUsd(safe.place)
    for (const choice of mine) {
      const bound = spent + choice.pricedUsd + remainingUsd[k + 1]!
      if (bound >= cutoff) break
      if (choice !== safe && choice.usd >= safeUsd) continue
      if (nodes >= limits.nodeLimit || (limits.anyWillDo && best !== undefined)) {
        lowerBound = Math.min(lowerBound, bound)
        break
      }
      if (fits(order[k]!, choice.place, work, result)) descend(k, choice, spent, work, result)
    }
  }

  const openingUsd = (place: number): number => (loads.isUsed(place) ? 0 : model.openUsd[place]!)

  const descend = (k: number, choice: PricedChoice, spent: number, work: number, result: number): void => {
    nodes++
    const group = order[k]!
    const { place } = choice
    const workNow = Math.max(work, loads.workWith(group, place))
    const resultNow = Math.max(result, loads.resultsWith(group, place))
    let now = spent + choice.pricedUsd + (loads.isUsed(place) ? 0 : missedShares[place]!)
    for (const other of choices[group]!) if (other !== choice && loads.isUsed(other.place)) now += other.shareUsd
    const takeOut = loads.put(group, place)
    for (const other of choices[group]!) if (other !== choice) missedShares[other.place]! += other.shareUsd
    chosen[group] = place
    const room = cutoff - now - remainingUsd[k + 1]!
    if (extraFrom(k + 1, workNow, resultNow, room) < room) step(k + 1, now, workNow, resultNow)
    for (const other of choices[group]!) if (other !== choice) missedShares[other.place]! -= other.shareUsd
    takeOut()
  }

  const finish = (): void => {
    const plan = { chosen: [...chosen], merge, ...evaluate(model, chosen, merge) }
    if (plan.usd >= cutoff || !atMost(plan.seconds, limits.deadlineSeconds)) return
    best = plan
    cutoff = below(plan.usd)
  }

  if (baseUsd + remainingUsd[0]! < cutoff) step(0, baseUsd, branch.leastWorkSeconds, branch.leastResultSeconds)
  return { best: best as Placement | undefined, lowerBound, nodes }
}
