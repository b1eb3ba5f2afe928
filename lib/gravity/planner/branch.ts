import { secondsAt } from '../transfer.ts'
import type { Choice } from './choice.ts'
import type { InternetLoad, MergeOption, PlacementModel } from './model.ts'
import { shareOpening } from './opening-shares.ts'
import { priceScarcity, type ScarcityPrices } from './scarcity.ts'
import { TOLERANCE } from './tolerance.ts'

/** A merging place before its search. */
export interface Candidate {
  readonly merge: MergeOption
  /** The seconds of the deadline that remain for work and results. */
  readonly secondsLeft: number
  /** The cost with each group in its cheapest place. This weak bound already rules out most merging places. */
  readonly boundUsd: number
}

interface TimedChoice extends Choice {
  /** Seconds of work and of sending the result, if the place has only this group. */
  readonly workSeconds: number
  readonly resultSeconds: number
}

/** A candidate that is prepared for the search. */
export interface Branch {
  readonly merge: MergeOption
  readonly secondsLeft: number
  /** The order in which groups are placed: first those whose second-cheapest place costs most. */
  readonly order: readonly number[]
  /** `[group]`: the places where it may run, cheapest first. */
  readonly choices: readonly (readonly PricedChoice[])[]
  /** `[k]`: a lower bound of the cost of the groups from the k-th on. */
  readonly remainingUsd: readonly number[]
  /** The cost before the first group is placed. */
  readonly baseUsd: number
  /** Lower bounds of the seconds for work and results. */
  readonly leastWorkSeconds: number
  readonly leastResultSeconds: number
  /** The prices of scarce resources in this search. The next merging place starts with them. */
  readonly prices: ScarcityPrices
}

export interface BranchOptions {
  /** Branches with this bound or more are not searched. */
  readonly cutoffUsd: number
  /** Prices of scarce resources to start with. */
  readonly prices: ScarcityPrices
}

export interface PricedChoice extends Choice {
  /** The group's own cost, its share of the place's cost, and the price of the scarce resources that it uses. */
  readonly pricedUsd: number
  readonly shareUsd: number
}

/** The candidate of a merging place; `undefined` if a group has no place that keeps the deadline. */
export function candidateOf(model: PlacementModel, merge: MergeOption, deadlineSeconds: number): Candidate | undefined {
  const secondsLeft = deadlineSeconds * (1 + TOLERANCE) - merge.seconds
  let boundUsd = merge.usd
  for (const group of model.bytes.keys()) boundUsd += leastUsd(model, merge, group, secondsLeft)
  return boundUsd === Number.POSITIVE_INFINITY ? undefined : { merge, secondsLeft, boundUsd }
}

/** The cost of a group in its cheapest place, without traffic to the internet; infinite if no place keeps the deadline. */
function leastUsd(model: PlacementModel, merge: MergeOption, group: number, secondsLeft: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let place = 0; place < model.places.length; place++) {
    const usd = usdOf(model, merge, group, place)
    if (usd < least && inTime(model, merge, group, place, secondsLeft)) least = usd
  }
  return least
}

function inTime(model: PlacementModel, merge: MergeOption, group: number, place: number, secondsLeft: number): boolean {
  if (secondsLeft === Number.POSITIVE_INFINITY) return true
  return workAlone(model, group, place) + resultAlone(model, merge, group, place) <= secondsLeft
}

const usdOf = (model: PlacementModel, merge: MergeOption, group: number, place: number): number =>
  model.groupUsd[group]![place]! + model.results[group]! * merge.resultUsdPerByte[place]!

/** The traffic of a group to the internet: its data if it runs outside AWS, its result if that is merged outside AWS. */
function internetLoadOf(model: PlacementModel, merge: MergeOption, group: number, place: number): InternetLoad {
  const data = model.internetFloorUsd[group]![place]!
  const result = model.results[group]! * merge.resultFloorUsdPerByte[place]!
  const bytes = (data > 0 ? model.bytes[group]! : 0) + (result > 0 ? model.results[group]! : 0)
  return { bytes, floorUsd: data + result }
}

/** Seconds of work if the place has only this group. */
function workAlone(model: PlacementModel, group: number, place: number): number {
  const bytes = model.bytes[group]!
  const way = model.link[model.sourceOf[group]!]![place]!
  const work = Math.max(way.seconds + way.secondsPerByte * bytes, secondsAt(model.placeLines[place]!, bytes))
  return model.openSeconds[place]! + work
}

function resultAlone(model: PlacementModel, merge: MergeOption, group: number, place: number): number {
  if (place === merge.place) return 0
  const way = merge.resultLink[place]!
  return way.seconds + way.secondsPerByte * model.results[group]!
}

/** The places where a group may run, without those that can't be part of a cheapest plan. */
function choicesOf(model: PlacementModel, { merge, secondsLeft }: Candidate, group: number): TimedChoice[] {
  const usd = model.places.map((_, place) => usdOf(model, merge, group, place))
  return [...model.places.keys()]
    .filter((place) => usd[place]! < Number.POSITIVE_INFINITY && inTime(model, merge, group, place, secondsLeft))
    .filter(secondsLeft === Number.POSITIVE_INFINITY ? undominated(model, usd) : () => true)
    .map((place) => ({
      place,
      usd: usd[place]!,
      internet: internetLoadOf(model, merge, group, place),
      workSeconds: workAlone(model, group, place),
      resultSeconds: resultAlone(model, merge, group, place),
    }))
}

/**
 * Without a deadline, a place can be ignored if another one costs less even with all its opening costs. If traffic to the
 * internet is possible, no place is ignored, because the price of that traffic depends on the other groups.
 */
function undominated(model: PlacementModel, usd: readonly number[]): (place: number) => boolean {
  if (model.internetUsd !== undefined) return () => true
  const withOpening = usd.map((own, place) => own + model.openUsd[place]!)
  const least = Math.min(...withOpening)
  const cheapest = withOpening.indexOf(least)
  return (place) => place === cheapest || usd[place]! < least
}

/** Adds the prices of scarce resources and the shares of opening costs to the choices, and orders the groups. */
export function prepareBranch(
  model: PlacementModel,
  candidate: Candidate,
  { cutoffUsd, prices }: BranchOptions,
): Branch {
  const { merge, secondsLeft } = candidate
  const direct = model.bytes.map((_, group) => choicesOf(model, candidate, group))
  const enoughUsd = cutoffUsd - merge.usd
  const scarce = priceScarcity(model, merge, direct, { secondsLeft, start: prices, enoughUsd })
  const taxed = direct.map((mine, group) =>
    mine.map((choice, index) => ({ ...choice, usd: choice.usd + scarce.surcharge[group]![index]! })),
  )
  const shares = shareOpening(model.openUsd, taxed)
  const choices = direct.map((mine, group) =>
    mine
      .map((choice, index) => {
        const shareUsd = shares[group]![index]!
        return { ...choice, shareUsd, pricedUsd: taxed[group]![index]!.usd + shareUsd }
      })
      .sort((a, b) => a.pricedUsd - b.pricedUsd),
  )
  const order = [...choices.keys()].sort((a, b) => regret(choices[b]!) - regret(choices[a]!))
  return {
    merge,
    secondsLeft,
    order,
    choices,
    remainingUsd: suffixSums(order.map((group) => choices[group]![0]!.pricedUsd)),
    baseUsd: merge.usd - scarce.worthUsd,
    prices: scarce.prices,
    leastWorkSeconds: largestLeast(direct, ({ workSeconds }) => workSeconds),
    leastResultSeconds: largestLeast(direct, ({ resultSeconds }) => resultSeconds),
  }
}

const regret = (choices: readonly PricedChoice[]): number =>
  choices.length === 1 ? Number.POSITIVE_INFINITY : choices[1]!.pricedUsd - choices[0]!.pricedUsd

/** The largest of the groups' least seconds: no plan can be faster. */
const largestLeast = (choices: readonly (readonly TimedChoice[])[], seconds: (choice: TimedChoice) => number): number =>
  Math.max(...choices.map((mine) => Math.min(...mine.map(seconds))))

function suffixSums(values: readonly number[]): number[] {
  const sums = [...values, 0]
  for (let index = values.length - 1; index >= 0; index--) sums[index]! += sums[index + 1]!
  return sums
}
