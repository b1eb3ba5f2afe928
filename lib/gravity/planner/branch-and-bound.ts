import { secondsAt } from '../transfer.ts'
import { type Evaluation, evaluate, type MergeOption, type PlacementModel } from './model.ts'

/**
 * Least money under a deadline, by depth-first branch and bound. For each place that could merge, groups are placed
 * one by one, each in its cheapest place first. A branch ends where the deadline can't be kept any more, or where the
 * money spent plus the least that the remaining groups can cost reaches the best plan known.
 *
 * Places cost something once, however many groups use them. So that the bound sees that, each group's price of a
 * place holds a share of it (the place's cost over the groups that could use it); whenever a group goes elsewhere,
 * the share it would have paid is added for each place in use. The bound never exceeds the true cost and meets it
 * when the last group is placed.
 */

export interface Placement extends Evaluation {
  /** The place of each group. */
  readonly chosen: readonly number[]
  readonly merge: MergeOption
}

export interface SearchOptions {
  readonly deadlineSeconds: number
  /** Only placements below this are of interest. */
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

/** Relative slack for sums of floating-point numbers that are equal on paper. */
export const TOLERANCE = 1e-9

/** Whether a placement keeps deadline and budget. */
export const keeps = ({ usd, seconds }: Evaluation, deadlineSeconds: number, budgetUsd: number): boolean =>
  seconds <= deadlineSeconds * (1 + TOLERANCE) && usd <= budgetUsd * (1 + TOLERANCE)

/** The cheapest placement that keeps deadline and budget, with a proven bound even where the nodes run out. */
export function searchLeastMoney(model: PlacementModel, options: SearchOptions): SearchResult {
  const { deadlineSeconds, budgetUsd, nodeLimit, anyWillDo = false } = options
  let best = cheapest((options.known ?? []).filter((plan) => keeps(plan, deadlineSeconds, budgetUsd)))
  const branches = model.merges
    .map((merge) => prepare(model, merge, deadlineSeconds))
    .filter((branch) => branch !== undefined)
    .sort((a, b) => a.rootBound - b.rootBound)
  let nodes = 0
  let lowerBound = Number.POSITIVE_INFINITY
  for (const [index, branch] of branches.entries()) {
    if (anyWillDo && best !== undefined) return { best, lowerBound: 0, nodes }
    const share = Math.ceil((nodeLimit - nodes) / (branches.length - index))
    const found = searchMerge(model, branch, { ...options, nodeLimit: share, anyWillDo }, best)
    best = found.best ?? best
    nodes += found.nodes
    lowerBound = Math.min(lowerBound, found.lowerBound)
  }
  return { best, lowerBound: Math.min(lowerBound, best?.usd ?? Number.POSITIVE_INFINITY), nodes }
}

export function cheapest(plans: readonly Placement[]): Placement | undefined {
  return plans.reduce<Placement | undefined>(
    (best, plan) => (best === undefined || plan.usd < best.usd ? plan : best),
    undefined,
  )
}

/** One merging place, ready to be searched. */
interface Branch {
  readonly merge: MergeOption
  /** What is left of the deadline for work and results. */
  readonly secondsLeft: number
  /** The groups in the order they are placed: first those for which a second choice costs most. */
  readonly order: readonly number[]
  /** `[group]`: where it may go, cheapest first. */
  readonly choices: readonly (readonly Choice[])[]
  /** `[place]`: its cost over the groups that could use it. */
  readonly shareUsd: readonly number[]
  /** `[k]`: the least that the groups from the k-th on can cost. */
  readonly remainingUsd: readonly number[]
  readonly rootBound: number
}

interface Choice {
  readonly place: number
  /** The group's own cost there, its result's way, and its share of the place. */
  readonly usd: number
}

/** `undefined` where some group has no place that keeps the deadline. */
function prepare(model: PlacementModel, merge: MergeOption, deadlineSeconds: number): Branch | undefined {
  const secondsLeft = deadlineSeconds * (1 + TOLERANCE) - merge.seconds
  const groups = [...model.bytes.keys()]
  const direct = groups.map((group) => directChoices(model, merge, group, secondsLeft))
  if (direct.some((choices) => choices.length === 0)) return undefined
  const useful = deadlineSeconds === Number.POSITIVE_INFINITY ? direct.map((all) => undominated(model, all)) : direct
  const shareUsd = sharesOf(model, useful)
  const choices = useful.map((all) =>
    all.map(({ place, usd }) => ({ place, usd: usd + shareUsd[place]! })).sort((a, b) => a.usd - b.usd),
  )
  const order = groups.sort((a, b) => regret(choices[b]!) - regret(choices[a]!))
  const remainingUsd = suffixSums(order.map((group) => choices[group]![0]!.usd))
  const rootBound = merge.usd - model.floorCredit + remainingUsd[0]!
  return { merge, secondsLeft, order, choices, shareUsd, remainingUsd, rootBound }
}

/** Where a group may go if it were the only one. */
function directChoices(model: PlacementModel, merge: MergeOption, group: number, secondsLeft: number): Choice[] {
  const bytes = model.bytes[group]!
  const result = model.results[group]!
  return model.places
    .map((_, place) => ({ place, usd: model.groupUsd[group]![place]! + result * merge.resultUsdPerByte[place]! }))
    .filter(({ place, usd }) => {
      if (usd === Number.POSITIVE_INFINITY) return false
      const way = secondsAt([model.link[model.sourceOf[group]!]![place]!], bytes)
      const work = model.openSeconds[place]! + Math.max(way, secondsAt(model.placeLines[place]!, bytes))
      return work + (place === merge.place ? 0 : secondsAt([merge.resultLink[place]!], result)) <= secondsLeft
    })
}

/**
 * Without a deadline, a place can be left out where another one costs less even with all that it costs to use it.
 * (Traffic to the internet keeps every choice: its sums are floors, and a floor can't rule anything out.)
 */
function undominated(model: PlacementModel, choices: readonly Choice[]): readonly Choice[] {
  if (model.beyondFloor !== undefined) return choices
  const withOpening = choices.map(({ place, usd }) => usd + model.openUsd[place]!)
  const least = Math.min(...withOpening)
  const leastIndex = withOpening.indexOf(least)
  return choices.filter(({ usd }, index) => index === leastIndex || usd < least)
}

function sharesOf(model: PlacementModel, choices: readonly (readonly Choice[])[]): number[] {
  const users = model.places.map(() => 0)
  for (const { place } of choices.flat()) users[place]!++
  return users.map((count, place) => (count === 0 ? 0 : model.openUsd[place]! / count))
}

const regret = (choices: readonly Choice[]): number =>
  choices.length === 1 ? Number.POSITIVE_INFINITY : choices[1]!.usd - choices[0]!.usd

function suffixSums(values: readonly number[]): number[] {
  const sums = [...values, 0]
  for (let index = values.length - 1; index >= 0; index--) sums[index]! += sums[index + 1]!
  return sums
}

interface MergeResult {
  readonly best: Placement | undefined
  readonly lowerBound: number
  readonly nodes: number
}

function searchMerge(
  model: PlacementModel,
  branch: Branch,
  options: Required<Pick<SearchOptions, 'budgetUsd' | 'nodeLimit' | 'anyWillDo' | 'deadlineSeconds'>>,
  known: Placement | undefined,
): MergeResult {
  const { merge, secondsLeft, order, choices, shareUsd, remainingUsd } = branch
  const placeCount = model.places.length
  const loads = new Float64Array(model.sourceCount * placeCount)
  const totals = new Float64Array(placeCount)
  const results = new Float64Array(placeCount)
  const users = new Int32Array(placeCount)
  const elsewhere = new Int32Array(placeCount)
  const chosen = new Array<number>(order.length).fill(-1)
  let best: Placement | undefined
  let cutoff = cutoffOf(known, options.budgetUsd)
  let nodes = 0
  let lowerBound = Number.POSITIVE_INFINITY
  let stopped = false

  const workWith = (group: number, place: number): number => {
    const source = model.sourceOf[group]!
    const way = model.link[source]![place]!
    const bytes = model.bytes[group]!
    const viaWay = way.seconds + way.secondsPerByte * (loads[source * placeCount + place]! + bytes)
    return model.openSeconds[place]! + Math.max(viaWay, secondsAt(model.placeLines[place]!, totals[place]! + bytes))
  }
  const resultsWith = (group: number, place: number): number => {
    if (place === merge.place) return 0
    const way = merge.resultLink[place]!
    return way.seconds + way.secondsPerByte * (results[place]! + model.results[group]!)
  }
  const fits = (group: number, place: number, work: number, result: number): boolean =>
    Math.max(work, workWith(group, place)) + Math.max(result, resultsWith(group, place)) <= secondsLeft

  /** The least the groups from the k-th on can cost, each in a place that still has time for it. */
  const leastFrom = (k: number, work: number, result: number, room: number): number => {
    let extra = 0
    for (let index = k; index < order.length; index++) {
      const group = order[index]!
      const mine = choices[group]!
      const free = mine.find(({ place }) => fits(group, place, work, result))
      if (free === undefined) return Number.POSITIVE_INFINITY
      extra += free.usd - mine[0]!.usd
      if (extra > room) return Number.POSITIVE_INFINITY
    }
    return remainingUsd[k]! + extra
  }

  const place = (k: number, spent: number, work: number, result: number): void => {
    if (k === order.length) {
      const plan = { chosen: [...chosen], merge, ...evaluate(model, chosen, merge) }
      if (!keeps(plan, options.deadlineSeconds, options.budgetUsd) || plan.usd >= cutoff) return
      best = plan
      cutoff = cutoffOf(plan, options.budgetUsd)
      stopped = options.anyWillDo
      return
    }
    const group = order[k]!
    for (const choice of choices[group]!) {
      const bound = spent + choice.usd + remainingUsd[k + 1]!
      if (bound >= cutoff) break
      if (stopped || nodes >= options.nodeLimit) {
        lowerBound = Math.min(lowerBound, bound)
        break
      }
      if (fits(group, choice.place, work, result)) descend(k, group, choice, spent, work, result)
    }
  }

  const descend = (k: number, group: number, choice: Choice, spent: number, work: number, result: number): void => {
    nodes++
    const at = choice.place
    const slot = model.sourceOf[group]! * placeCount + at
    const before = [loads[slot]!, totals[at]!, results[at]!] as const
    const workNow = Math.max(work, workWith(group, at))
    const resultNow = Math.max(result, resultsWith(group, at))
    let now = spent + choice.usd
    if (users[at] === 0) now += shareUsd[at]! * elsewhere[at]!
    for (const other of choices[group]!) {
      if (other.place === at) continue
      elsewhere[other.place]!++
      if (users[other.place]! > 0) now += shareUsd[other.place]!
    }
    users[at]!++
    loads[slot]! += model.bytes[group]!
    totals[at]! += model.bytes[group]!
    results[at]! += model.results[group]!
    chosen[group] = at
    if (now + leastFrom(k + 1, workNow, resultNow, cutoff - now - remainingUsd[k + 1]!) < cutoff)
      place(k + 1, now, workNow, resultNow)
    ;[loads[slot], totals[at], results[at]] = before
    users[at]!--
    for (const other of choices[group]!) if (other.place !== at) elsewhere[other.place]!--
  }

  if (branch.rootBound < cutoff) place(0, merge.usd - model.floorCredit, 0, 0)
  return { best, lowerBound, nodes }
}

/** A branch must come in below this to be of interest. */
const cutoffOf = (known: Placement | undefined, budgetUsd: number): number =>
  known === undefined ? budgetUsd * (1 + TOLERANCE) + Number.MIN_VALUE : known.usd - TOLERANCE * Math.abs(known.usd)
