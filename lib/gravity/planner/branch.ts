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
    if (usd < least && workAlone(model, group, place) + resultAlone(model, merge, group, place) <= secondsLeft)
      least = usd
  }
  return least
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

/** Where each group may go if it were the only one. */
function directChoices(model: PlacementModel, { merge, secondsLeft }: Candidate): TimedChoice[][] {
  return model.bytes.map((_, group) => {
    const choices: TimedChoice[] = []
    for (const place of model.places.keys()) {
      const usd = usdOf(model, merge, group, place)
      const workSeconds = workAlone(model, group, place)
      const resultSeconds = resultAlone(model, merge, group, place)
      if (usd < Number.POSITIVE_INFINITY && workSeconds + resultSeconds <= secondsLeft)
        choices.push({
          place,
          usd,
          internet: internetLoadOf(model, merge, group, place),
          workSeconds,
          resultSeconds,
        })
    }
    return choices
  })
}

/**
 * Without a deadline, a place can be left out where another one costs less even with all that it costs to use it.
 * (Where traffic to the internet is possible every choice is kept: what it costs depends on the other groups.)
 */
function undominated(model: PlacementModel, choices: readonly TimedChoice[]): readonly TimedChoice[] {
  if (model.internetUsd !== undefined) return choices
  const withOpening = choices.map(({ place, usd }) => usd + model.openUsd[place]!)
  const least = Math.min(...withOpening)
  const leastIndex = withOpening.indexOf(least)
  return choices.filter(({ usd }, index) => index === leastIndex || usd < least)
}

/** Puts the prices of what is scarce and the shares of places into the choices, and the groups in order. */
export function prepareBranch(
  model: PlacementModel,
  candidate: Candidate,
  { cutoffUsd, prices }: BranchOptions,
): Branch {
  const { merge, secondsLeft } = candidate
  const possible = directChoices(model, candidate)
  const direct = secondsLeft === Number.POSITIVE_INFINITY ? possible.map((mine) => undominated(model, mine)) : possible
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
