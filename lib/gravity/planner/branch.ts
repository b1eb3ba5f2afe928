import { secondsAt } from '../transfer.ts'
import type { Choice } from './choice.ts'
import type { InternetLoad, MergeOption, PlacementModel } from './model.ts'
import { shareOpening } from './opening-shares.ts'
import { priceScarcity, type ScarcityPrices } from './scarcity.ts'
import { TOLERANCE } from './tolerance.ts'

/** One merging place, not looked at closely yet. */
export interface Candidate {
  readonly merge: MergeOption
  /** What is left of the deadline for work and results. */
  readonly secondsLeft: number
  /** Each group in its cheapest place: crude, but it rules out most merging places at once. */
  readonly boundUsd: number
}

interface TimedChoice extends Choice {
  /** Seconds of work and of the result's way, for the group alone. */
  readonly workSeconds: number
  readonly resultSeconds: number
}

/** A candidate ready to be searched. */
export interface Branch {
  readonly merge: MergeOption
  readonly secondsLeft: number
  /** The groups in the order they are placed: first those for which a second choice costs most. */
  readonly order: readonly number[]
  /** `[group]`: where it may go, cheapest first. */
  readonly choices: readonly (readonly PricedChoice[])[]
  /** `[k]`: the least that the groups from the k-th on can cost. */
  readonly remainingUsd: readonly number[]
  /** What is spent before the first group is placed. */
  readonly baseUsd: number
  /** What work and results take at least, whatever is chosen. */
  readonly leastWorkSeconds: number
  readonly leastResultSeconds: number
  /** What is scarce costs this here; a good start for the next merging place. */
  readonly prices: ScarcityPrices
}

export interface BranchOptions {
  /** A branch whose bound reaches this will not be searched. */
  readonly cutoffUsd: number
  /** Prices to start from. */
  readonly prices: ScarcityPrices
}

export interface PricedChoice extends Choice {
  /** The group's own cost, its share of the place's, and the price of what is scarce that it takes. */
  readonly pricedUsd: number
  readonly shareUsd: number
}

/** `undefined` where some group has no place that keeps the deadline. */
export function candidateOf(model: PlacementModel, merge: MergeOption, deadlineSeconds: number): Candidate | undefined {
  const secondsLeft = deadlineSeconds * (1 + TOLERANCE) - merge.seconds
  let boundUsd = merge.usd
  for (const group of model.bytes.keys()) boundUsd += leastUsd(model, merge, group, secondsLeft)
  return boundUsd === Number.POSITIVE_INFINITY ? undefined : { merge, secondsLeft, boundUsd }
}

/** What a group costs in its cheapest place, as if the internet were free; infinite where none keeps the deadline. */
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

/** What a group sends to the internet: its data where that is processed outside, its result where that is merged outside. */
function internetLoadOf(model: PlacementModel, merge: MergeOption, group: number, place: number): InternetLoad {
  const data = model.internetFloorUsd[group]![place]!
  const result = model.results[group]! * merge.resultFloorUsdPerByte[place]!
  const bytes = (data > 0 ? model.bytes[group]! : 0) + (result > 0 ? model.results[group]! : 0)
  return { bytes, floorUsd: data + result }
}

/** Seconds of work in a place that has only this group. */
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

/** Where a group may go if it were the only one, but for places that can't be part of a cheapest plan. */
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
 * Without a deadline, a place can be left out where another one costs less even with all that it costs to use it.
 * (Where traffic to the internet is possible every choice is kept: what it costs depends on the other groups.)
 */
function undominated(model: PlacementModel, usd: readonly number[]): (place: number) => boolean {
  if (model.internetUsd !== undefined) return () => true
  const withOpening = usd.map((own, place) => own + model.openUsd[place]!)
  const least = Math.min(...withOpening)
  const cheapest = withOpening.indexOf(least)
  return (place) => place === cheapest || usd[place]! < least
}

/** Puts the prices of what is scarce and the shares of places into the choices, and the groups in order. */
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

/** The group that has the most to do even in the place where it has least to do. */
const largestLeast = (choices: readonly (readonly TimedChoice[])[], seconds: (choice: TimedChoice) => number): number =>
  Math.max(...choices.map((mine) => Math.min(...mine.map(seconds))))

function suffixSums(values: readonly number[]): number[] {
  const sums = [...values, 0]
  for (let index = values.length - 1; index >= 0; index--) sums[index]! += sums[index + 1]!
  return sums
}
