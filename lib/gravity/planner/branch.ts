import { secondsAt } from '../transfer.ts'
import type { MergeOption, PlacementModel } from './model.ts'
import { type Choice, priceTime, shareOpening } from './relaxation.ts'
import { TOLERANCE } from './tolerance.ts'

/** One merging place, with the places each group could go to if it were the only one. */
export interface Candidate {
  readonly merge: MergeOption
  /** What is left of the deadline for work and results. */
  readonly secondsLeft: number
  /** `[group]` */
  readonly choices: readonly (readonly TimedChoice[])[]
  /** Each group at its cheapest: crude, but it rules out most merging places at once. */
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
}

export interface PricedChoice extends Choice {
  /** The group's own cost, its share of the place's, and the price of the time it takes. */
  readonly pricedUsd: number
  readonly shareUsd: number
}

/** `undefined` where some group has no place that keeps the deadline. */
export function candidateOf(model: PlacementModel, merge: MergeOption, deadlineSeconds: number): Candidate | undefined {
  const secondsLeft = deadlineSeconds * (1 + TOLERANCE) - merge.seconds
  const direct = model.bytes.map((_, group) => directChoices(model, merge, group, secondsLeft))
  if (direct.some((mine) => mine.length === 0)) return undefined
  const unlimited = deadlineSeconds === Number.POSITIVE_INFINITY
  const choices = unlimited ? direct.map((mine) => undominated(model, mine)) : direct
  const least = choices.map((mine) => Math.min(...mine.map(({ usd }) => usd)))
  return { merge, secondsLeft, choices, boundUsd: merge.usd - model.floorCredit + sum(least) }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Where a group may go if it were the only one. */
function directChoices(model: PlacementModel, merge: MergeOption, group: number, secondsLeft: number): TimedChoice[] {
  const bytes = model.bytes[group]!
  const result = model.results[group]!
  const choices: TimedChoice[] = []
  for (const place of model.places.keys()) {
    const usd = model.groupUsd[group]![place]! + result * merge.resultUsdPerByte[place]!
    if (usd === Number.POSITIVE_INFINITY) continue
    const way = model.link[model.sourceOf[group]!]![place]!
    const work = Math.max(way.seconds + way.secondsPerByte * bytes, secondsAt(model.placeLines[place]!, bytes))
    const workSeconds = model.openSeconds[place]! + work
    const resultSeconds = place === merge.place ? 0 : secondsAt([merge.resultLink[place]!], result)
    if (workSeconds + resultSeconds <= secondsLeft) choices.push({ place, usd, workSeconds, resultSeconds })
  }
  return choices
}

/**
 * Without a deadline, a place can be left out where another one costs less even with all that it costs to use it.
 * (Traffic to the internet keeps every choice: its sums are floors, and a floor can't rule anything out.)
 */
function undominated(model: PlacementModel, choices: readonly TimedChoice[]): readonly TimedChoice[] {
  if (model.beyondFloor !== undefined) return choices
  const withOpening = choices.map(({ place, usd }) => usd + model.openUsd[place]!)
  const least = Math.min(...withOpening)
  const leastIndex = withOpening.indexOf(least)
  return choices.filter(({ usd }, index) => index === leastIndex || usd < least)
}

/** Puts the prices of time and the shares of places into the choices, and the groups in order. */
export function prepareBranch(model: PlacementModel, { merge, secondsLeft, choices: direct }: Candidate): Branch {
  const time = priceTime(model, merge, direct, secondsLeft)
  const timed = direct.map((mine, group) =>
    mine.map(({ place, usd }, index) => ({ place, usd: usd + time.surcharge[group]![index]! })),
  )
  const shares = shareOpening(model.openUsd, timed)
  const choices = direct.map((mine, group) =>
    mine
      .map(({ place, usd }, index) => {
        const shareUsd = shares[group]![index]!
        return { place, usd, shareUsd, pricedUsd: timed[group]![index]!.usd + shareUsd }
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
    baseUsd: merge.usd - model.floorCredit - time.worthUsd,
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
