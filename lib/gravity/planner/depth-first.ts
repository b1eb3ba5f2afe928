import type { Branch, PricedChoice } from './branch.ts'
import { evaluate, type PlacementModel } from './model.ts'
import { PlaceLoads, restsOf } from './place-loads.ts'
import type { Placement } from './placement.ts'
import { atMost, below } from './tolerance.ts'

export interface DepthFirstLimits {
  readonly deadlineSeconds: number
  /** Only placements below this are of interest. */
  readonly cutoffUsd: number
  readonly nodeLimit: number
  readonly anyWillDo: boolean
}

/**
 * Places the groups of one branch one by one, each in its cheapest place first. A way down ends where the deadline
 * can't be kept any more, or where what is spent and the least that the remaining groups can cost reach the best plan
 * known.
 *
 * What is spent holds, for each group placed, its priced cost (with the price of what is scarce and its share of the place); and whenever a group goes
 * elsewhere, the share it would have paid of each place in use, so that in the end each place in use is paid in full.
 * It never exceeds the true cost of any completion. At the end of a way down the true cost is evaluated.
 */
export function searchDepthFirst(model: PlacementModel, branch: Branch, limits: DepthFirstLimits) {
  const { merge, secondsLeft, order, choices, remainingUsd, baseUsd } = branch
  const loads = new PlaceLoads(model, merge)
  // Without a deadline every place has room.
  const rests = secondsLeft === Number.POSITIVE_INFINITY ? undefined : restsOf(model, order, choices)
  /** `[place]`: the shares of groups that went elsewhere. */
  const missedShares = new Float64Array(model.places.length)
  const chosen = new Array<number>(order.length).fill(-1)
  let best: Placement | undefined
  let cutoff = limits.cutoffUsd
  let lowerBound = Number.POSITIVE_INFINITY
  let nodes = 0

  const fits = (group: number, place: number, work: number, result: number): boolean =>
    Math.max(work, loads.workWith(group, place)) + Math.max(result, loads.resultsWith(group, place)) <= secondsLeft

  /** What the groups from the k-th on cost beyond their cheapest places, each in one that still has time for it. */
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
   * A choice that costs no more than the others, all that its place costs included, and that no plan would have to
   * wait for: any completion is at least as good with the group there.
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
