import type { MergeOption, PlacementModel } from './model.ts'

/**
 * What makes the bound of the search sharp. Two things bind groups to each other, and both are turned into prices
 * that each group pays for itself, so that the least total is again a sum of each group's least:
 *
 * - A place costs something once. Its cost is shared out among the groups that could use it (dual ascent, after
 *   Erlenkotter 1978), most to those that have no cheap alternative.
 * - Time in a place is scarce under a deadline. It gets a price (a Lagrange multiplier, found by subgradient steps
 *   after Polyak 1969), and what a place's time is worth altogether is taken off again.
 */

/** A place a group may go to. */
export interface Choice {
  readonly place: number
  /** The group's own cost there, and its result's way. */
  readonly usd: number
}

/** The place's time that each group takes, and how much there is. */
interface TimeRow {
  readonly seconds: number
  /** By group; only groups that may use the place. */
  readonly use: ReadonlyMap<number, number>
  readonly place: number
}

/** The choices with the price of time in them. */
export interface TimePriced {
  /** `[group]`: what time costs it in each of its choices, in their order. */
  readonly surcharge: readonly (readonly number[])[]
  /** What all time together is worth; the bound is lower by this. */
  readonly worthUsd: number
}

const STEPS = 120
const STEPS_WITHOUT_GAIN = 12

/** Prices of time that make `Σ least cost − worth` large. All zero where no deadline binds. */
export function priceTime(
  model: PlacementModel,
  merge: MergeOption,
  choices: readonly (readonly Choice[])[],
  secondsLeft: number,
): TimePriced {
  const free = { surcharge: choices.map((mine) => mine.map(() => 0)), worthUsd: 0 }
  if (secondsLeft === Number.POSITIVE_INFINITY) return free
  const rows = timeRows(model, merge, choices, secondsLeft)
  const cells = choices.map((mine, group) => mine.map(({ place }) => usesOf(rows, group, place)))
  const prices = ascend(
    choices,
    cells,
    rows.map((row) => row.seconds),
  )
  const surcharge = cells.map((mine) =>
    mine.map((uses) => uses.reduce((sum, [row, use]) => sum + prices[row]! * use, 0)),
  )
  return { surcharge, worthUsd: rows.reduce((sum, row, index) => sum + prices[index]! * row.seconds, 0) }
}

/** The rows a group takes time of, in a place. */
function usesOf(rows: readonly TimeRow[], group: number, place: number): Uses {
  const mine: [number, number][] = []
  for (const [index, row] of rows.entries()) {
    const seconds = row.place === place ? row.use.get(group) : undefined
    if (seconds !== undefined) mine.push([index, seconds])
  }
  return mine
}

/**
 * What must fit into the time of each place: by way, and altogether, each with the way of the results behind it.
 * (The plan's time is the longest work plus the longest way of results, so for each place the sum of its own two
 * must keep the deadline.)
 */
function timeRows(
  model: PlacementModel,
  merge: MergeOption,
  choices: readonly (readonly Choice[])[],
  secondsLeft: number,
): TimeRow[] {
  return model.places.flatMap((_, place) => {
    const users = [...choices.keys()].filter((group) => choices[group]!.some((choice) => choice.place === place))
    const way = place === merge.place ? { seconds: 0, secondsPerByte: 0 } : merge.resultLink[place]!
    const seconds = secondsLeft - model.openSeconds[place]! - way.seconds
    const use = (groups: readonly number[], secondsPerByte: number) =>
      new Map(
        groups.map((group) => [
          group,
          secondsPerByte * model.bytes[group]! + way.secondsPerByte * model.results[group]!,
        ]),
      )
    const bySource = [...new Set(users.map((group) => model.sourceOf[group]!))].map((source) => {
      const link = model.link[source]![place]!
      const mine = users.filter((group) => model.sourceOf[group] === source)
      return { place, seconds: seconds - link.seconds, use: use(mine, link.secondsPerByte) }
    })
    const whole = model.placeLines[place]!.map((line) => ({
      place,
      seconds: seconds - line.seconds,
      use: use(users, line.secondsPerByte),
    }))
    return [...bySource, ...whole].filter((row) => mayBind(row))
  })
}

/** A place that has time for all its groups at once needs no price. */
const mayBind = ({ use, seconds }: TimeRow): boolean =>
  seconds > 0 && [...use.values()].reduce((sum, value) => sum + value, 0) > seconds

type Uses = readonly (readonly [row: number, seconds: number])[]

/** `[group][choice]` */
type Cells = readonly (readonly Uses[])[]

/** Subgradient ascent: raise the price of time that is over-used, lower the price of time that is left. */
function ascend(choices: readonly (readonly Choice[])[], cells: Cells, seconds: readonly number[]): number[] {
  const prices = seconds.map(() => 0)
  if (seconds.length === 0) return prices
  let best = [...prices]
  let bestBound = Number.NEGATIVE_INFINITY
  let pace = 1
  let idle = 0
  for (let step = 0; step < STEPS && pace > 1e-3; step++) {
    const { bound, excess } = relaxed(choices, cells, seconds, prices)
    if (bound > bestBound) [best, bestBound, idle] = [[...prices], bound, 0]
    else if (++idle === STEPS_WITHOUT_GAIN) [pace, idle] = [pace / 2, 0]
    const length = excess.reduce((sum, value, row) => sum + (value / seconds[row]!) ** 2, 0)
    if (length === 0) break
    // Nobody knows the optimum that Polyak's step aims at; a few per cent above the best bound will do.
    const target = Math.abs(bestBound) * 0.05 + Math.max(0, bestBound - bound)
    const stride = (pace * target) / length
    for (const [row, value] of excess.entries()) {
      // Rows are measured in their own seconds, so that a tight place and a roomy one move alike.
      prices[row] = Math.max(0, prices[row]! + (stride * value) / seconds[row]! ** 2)
    }
  }
  return best
}

/** The relaxed optimum at given prices, and by how much each row is over-used there. */
function relaxed(
  choices: readonly (readonly Choice[])[],
  cells: Cells,
  seconds: readonly number[],
  prices: readonly number[],
) {
  const excess = seconds.map((value) => -value)
  let bound = -seconds.reduce((sum, value, row) => sum + value * prices[row]!, 0)
  for (const [group, mine] of choices.entries()) {
    let least = Number.POSITIVE_INFINITY
    let at = 0
    for (const [index, { usd }] of mine.entries()) {
      let total = usd
      for (const [row, use] of cells[group]![index]!) total += prices[row]! * use
      if (total < least) [least, at] = [total, index]
    }
    bound += least
    for (const [row, use] of cells[group]![at]!) excess[row]! += use
  }
  return { bound, excess }
}

/**
 * Shares of each place's opening cost: `[group][choice]`, never negative, for each place adding up to its cost.
 * Group by group, each offers to pay more as long as the places that would profit still have cost to cover.
 */
export function shareOpening(openUsd: readonly number[], choices: readonly (readonly Choice[])[]): number[][] {
  const slack = [...openUsd]
  const shares = choices.map((mine) => mine.map(() => 0))
  const ladders = choices.map((mine) => [...mine.keys()].sort((a, b) => mine[a]!.usd - mine[b]!.usd))
  const offers = choices.map((mine, group) => mine[ladders[group]![0]!]!.usd)
  const byRegret = [...choices.keys()].sort(
    (a, b) => regret(choices[b]!, ladders[b]!) - regret(choices[a]!, ladders[a]!),
  )
  let raised = true
  while (raised) {
    raised = false
    for (const group of byRegret)
      raised = raise(choices[group]!, ladders[group]!, offers, group, slack, shares[group]!) || raised
  }
  spreadRest(slack, choices, shares)
  return shares
}

const regret = (mine: readonly Choice[], ladder: readonly number[]): number =>
  ladder.length === 1 ? Number.POSITIVE_INFINITY : mine[ladder[1]!]!.usd - mine[ladder[0]!]!.usd

/** Raises one group's offer to its next choice's cost, or as far as the places on its way have cost to cover. */
function raise(
  mine: readonly Choice[],
  ladder: readonly number[],
  offers: number[],
  group: number,
  slack: number[],
  shares: number[],
): boolean {
  const offer = offers[group]!
  const paid = ladder.filter((index) => mine[index]!.usd <= offer)
  const next = ladder[paid.length]
  const room = Math.min(...paid.map((index) => slack[mine[index]!.place]!))
  const step = Math.min(room, next === undefined ? room : mine[next]!.usd - offer)
  if (step <= 1e-12 * Math.abs(offer) || !Number.isFinite(step)) return false
  for (const index of paid) {
    slack[mine[index]!.place]! -= step
    shares[index]! += step
  }
  offers[group] = next !== undefined && step === mine[next]!.usd - offer ? mine[next]!.usd : offer + step
  return true
}

/** Cost that nobody offered to pay is shared evenly: it lifts no bound, but keeps the books complete. */
function spreadRest(slack: readonly number[], choices: readonly (readonly Choice[])[], shares: number[][]): void {
  const users = slack.map(() => 0)
  for (const { place } of choices.flat()) users[place]!++
  for (const [group, mine] of choices.entries())
    for (const [index, { place }] of mine.entries()) shares[group]![index]! += slack[place]! / users[place]!
}
