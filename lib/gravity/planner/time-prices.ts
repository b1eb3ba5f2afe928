import type { Choice } from './choice.ts'
import type { MergeOption, PlacementModel } from './model.ts'

/**
 * Under a deadline, time in a place is scarce, and groups compete for it. To bound a plan by a sum over groups, that
 * time gets a price (a Lagrange multiplier) that each group pays for what it takes, and what all time is worth is taken
 * off again. Whatever the prices, the result is a bound; subgradient steps (Polyak 1969) make it a high one.
 */
export interface TimePriced {
  /** `[group][choice]`: what the time it takes costs. */
  readonly surcharge: readonly (readonly number[])[]
  /** What all time together is worth; the bound is lower by this. */
  readonly worthUsd: number
  /** `Σ least cost with surcharge − worth`. */
  readonly boundUsd: number
  readonly prices: TimePrices
}

/** Prices by scarce time, to start from where the next merging place is searched: it differs little. */
export type TimePrices = ReadonlyMap<string, number>

export interface TimePriceOptions {
  readonly secondsLeft: number
  readonly start: TimePrices
  /** A bound of this is enough; more would rule out no more. */
  readonly enoughUsd: number
}

/** Finds prices of time that make the bound high. All zero where no deadline binds. */
export function priceTime(
  model: PlacementModel,
  merge: MergeOption,
  choices: readonly (readonly Choice[])[],
  { secondsLeft, start, enoughUsd }: TimePriceOptions,
): TimePriced {
  const rows = secondsLeft === Number.POSITIVE_INFINITY ? [] : scarceTimes(model, merge, choices, secondsLeft)
  const market = new Market(choices, rows)
  const prices = ascend(
    market,
    Float64Array.from(rows, ({ key }) => start.get(key) ?? 0),
    enoughUsd,
  )
  return {
    surcharge: market.surcharges(prices),
    worthUsd: rows.reduce((sum, { seconds }, row) => sum + prices[row]! * seconds, 0),
    boundUsd: market.settle(prices),
    prices: new Map(rows.map(({ key }, row) => [key, prices[row]!])),
  }
}

/** What there is of a place's time, and what each group would take of it. */
interface ScarceTime {
  readonly key: string
  readonly place: number
  readonly seconds: number
  /** By group; only groups that may use the place. */
  readonly use: ReadonlyMap<number, number>
}

/**
 * What must fit into the time of each place: by way, and altogether, each with the way of the results behind it.
 * (The plan's time is the longest work plus the longest way of results, so for each place the sum of its own two
 * must keep the deadline.)
 */
function scarceTimes(
  model: PlacementModel,
  merge: MergeOption,
  choices: readonly (readonly Choice[])[],
  secondsLeft: number,
): ScarceTime[] {
  const users: number[][] = model.places.map(() => [])
  for (const [group, mine] of choices.entries()) for (const { place } of mine) users[place]!.push(group)
  return users.flatMap((groups, place) => {
    const way = place === merge.place ? { seconds: 0, secondsPerByte: 0 } : merge.resultLink[place]!
    const left = secondsLeft - model.openSeconds[place]! - way.seconds
    const use = (group: number, secondsPerByte: number) =>
      [group, secondsPerByte * model.bytes[group]! + way.secondsPerByte * model.results[group]!] as const
    const ways = [...new Set(groups.map((group) => model.sourceOf[group]!))].map((source) => {
      const { seconds, secondsPerByte } = model.link[source]![place]!
      const mine = groups.filter((group) => model.sourceOf[group] === source)
      const uses = new Map(mine.map((group) => use(group, secondsPerByte)))
      return { key: `${place} from ${source}`, place, seconds: left - seconds, use: uses }
    })
    const whole = model.placeLines[place]!.map(({ seconds, secondsPerByte }, index) => {
      const uses = new Map(groups.map((group) => use(group, secondsPerByte)))
      return { key: `${place} line ${index}`, place, seconds: left - seconds, use: uses }
    })
    return [...ways, ...whole].filter(mayRunOut)
  })
}

/** A place that has time for all its groups at once needs no price. */
function mayRunOut({ use, seconds }: ScarceTime): boolean {
  let sum = 0
  for (const value of use.values()) sum += value
  return seconds > 0 && sum > seconds
}

/** Who could take which time, in flat arrays: this is evaluated a hundred times for each merging place. */
class Market {
  readonly seconds: Float64Array
  /** By how much each row was over-used when the market was last settled. */
  readonly excess: Float64Array
  readonly #choices: readonly (readonly Choice[])[]
  /** The cells of the n-th choice, counted through all groups, are `[#cells[n], #cells[n + 1])`. */
  readonly #cells: number[] = [0]
  readonly #rows: number[] = []
  readonly #uses: number[] = []

  constructor(choices: readonly (readonly Choice[])[], times: readonly ScarceTime[]) {
    this.#choices = choices
    this.seconds = Float64Array.from(times, ({ seconds }) => seconds)
    this.excess = new Float64Array(times.length)
    const byPlace = new Map<number, [row: number, time: ScarceTime][]>()
    for (const [row, time] of times.entries())
      byPlace.set(time.place, [...(byPlace.get(time.place) ?? []), [row, time]])
    for (const [group, mine] of choices.entries()) {
      for (const { place } of mine) {
        for (const [row, { use }] of byPlace.get(place) ?? []) {
          const seconds = use.get(group)
          if (seconds === undefined) continue
          this.#rows.push(row)
          this.#uses.push(seconds)
        }
        this.#cells.push(this.#rows.length)
      }
    }
  }

  /** Each group takes what is cheapest for it at these prices: the bound, and the excess of each row. */
  settle(prices: Float64Array): number {
    let bound = 0
    for (const [row, seconds] of this.seconds.entries()) {
      bound -= prices[row]! * seconds
      this.excess[row] = -seconds
    }
    let choice = 0
    for (const mine of this.#choices) {
      let least = Number.POSITIVE_INFINITY
      let at = choice
      for (const { usd } of mine) {
        const total = usd + this.#surcharge(choice, prices)
        if (total < least) {
          least = total
          at = choice
        }
        choice++
      }
      bound += least
      for (let cell = this.#cells[at]!; cell < this.#cells[at + 1]!; cell++)
        this.excess[this.#rows[cell]!]! += this.#uses[cell]!
    }
    return bound
  }

  /** `[group][choice]` */
  surcharges(prices: Float64Array): number[][] {
    let choice = 0
    return this.#choices.map((mine) => mine.map(() => this.#surcharge(choice++, prices)))
  }

  #surcharge(choice: number, prices: Float64Array): number {
    let sum = 0
    for (let cell = this.#cells[choice]!; cell < this.#cells[choice + 1]!; cell++)
      sum += prices[this.#rows[cell]!]! * this.#uses[cell]!
    return sum
  }
}

const STEPS = 120
const STEPS_WITHOUT_GAIN = 12
const LEAST_PACE = 1e-3

/** Subgradient ascent: raise the price of time that is over-used, lower the price of time that is left. */
function ascend(market: Market, start: Float64Array, enoughUsd: number): Float64Array {
  const { seconds, excess } = market
  const prices = start.slice()
  let best = prices.slice()
  let bestBound = Number.NEGATIVE_INFINITY
  let pace = 1
  let idle = 0
  for (let step = 0; step < STEPS && pace > LEAST_PACE && bestBound < enoughUsd; step++) {
    const bound = market.settle(prices)
    if (bound > bestBound) {
      best = prices.slice()
      bestBound = bound
      idle = 0
    } else if (++idle === STEPS_WITHOUT_GAIN) {
      pace /= 2
      idle = 0
    }
    // Rows are measured in their own seconds, so that a tight place and a roomy one move alike.
    let length = 0
    for (let row = 0; row < excess.length; row++) length += (excess[row]! / seconds[row]!) ** 2
    if (length === 0) break
    const stride = (pace * aimAbove(bound, bestBound, enoughUsd)) / length
    for (let row = 0; row < excess.length; row++)
      prices[row] = Math.max(0, prices[row]! + (stride * excess[row]!) / seconds[row]! ** 2)
  }
  return best
}

/** Nobody knows the optimum that Polyak's step aims at: the best plan known, or a few per cent above the bound. */
function aimAbove(bound: number, bestBound: number, enoughUsd: number): number {
  const near = Math.abs(bestBound) * 0.05
  return (Number.isFinite(enoughUsd) ? Math.min(near, enoughUsd - bestBound) : near) + (bestBound - bound)
}
