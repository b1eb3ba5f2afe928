import type { TimeLine } from '../transfer.ts'
import type { Choice } from './choice.ts'
import type { MergeOption, PlacementModel } from './model.ts'

/**
 * Groups compete for what is scarce: under a deadline for the time of each place, and for the GB a month that leave for
 * the internet free of charge. To bound a plan by a sum over groups, what is scarce gets a price (a Lagrange multiplier)
 * that each group pays for what it takes, and what all of it is worth is taken off again. Whatever the prices, the
 * result is a bound; subgradient steps (Held and Karp 1971, Polyak 1969) make it a high one.
 */
export interface ScarcityPriced {
  /** `[group][choice]`: what the scarce things it takes cost. */
  readonly surcharge: readonly (readonly number[])[]
  /** What everything scarce is worth; the bound is lower by this. */
  readonly worthUsd: number
  readonly prices: ScarcityPrices
}

/** By what is scarce, in USD a second or a byte; prices to start from where the next merging place is searched, which differs little. */
export type ScarcityPrices = ReadonlyMap<string, number>

export interface ScarcityOptions {
  readonly secondsLeft: number
  readonly start: ScarcityPrices
  /** A bound of this is enough; more would rule out no more. */
  readonly enoughUsd: number
}

/** Finds prices that make the bound high. None where nothing is scarce. */
export function priceScarcity(
  model: PlacementModel,
  merge: MergeOption,
  choices: readonly (readonly Choice[])[],
  { secondsLeft, start, enoughUsd }: ScarcityOptions,
): ScarcityPriced {
  const scarce = [...scarceTimes(model, merge, choices, secondsLeft), ...scarceInternet(model, merge, choices)]
  const market = new Market(choices, scarce)
  const prices = ascend(
    market,
    Float64Array.from(scarce, ({ key }) => start.get(key) ?? 0),
    enoughUsd,
  )
  return {
    surcharge: market.surcharges(prices),
    worthUsd: market.worth(prices),
    prices: new Map(scarce.map(({ key }, row) => [key, prices[row]!])),
  }
}

interface Scarce {
  readonly key: string
  /** How much there is. */
  readonly amount: number
  /** Nobody pays a higher price. */
  readonly highestPrice: number
  /** What is taken whatever the groups do. */
  readonly taken: Use
  readonly uses: readonly Use[]
}

interface Use {
  /** The choice that takes it, counted through all groups. */
  readonly choice: number
  readonly amount: number
  /** What it costs to do without. */
  readonly insteadUsd: number
}

const NOTHING: Use = { choice: -1, amount: 0, insteadUsd: 0 }

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
): Scarce[] {
  if (secondsLeft === Number.POSITIVE_INFINITY) return []
  return usersOf(model, choices).flatMap((users, place) => {
    const way = place === merge.place ? { seconds: 0, secondsPerByte: 0 } : merge.resultLink[place]!
    const left = secondsLeft - model.openSeconds[place]! - way.seconds
    const scarceTime = (key: string, who: readonly User[], { seconds, secondsPerByte }: TimeLine): Scarce => {
      const uses = who.map(({ group, choice }) => {
        const amount = secondsPerByte * model.bytes[group]! + way.secondsPerByte * model.results[group]!
        return { choice, amount, insteadUsd: Number.POSITIVE_INFINITY }
      })
      return { key, amount: left - seconds, highestPrice: Number.POSITIVE_INFINITY, taken: NOTHING, uses }
    }
    const ways = [...new Set(users.map(({ group }) => model.sourceOf[group]!))].map((source) => {
      const mine = users.filter(({ group }) => model.sourceOf[group] === source)
      return scarceTime(`time in ${place} from ${source}`, mine, model.link[source]![place]!)
    })
    const whole = model.placeLines[place]!.map((line, index) =>
      scarceTime(`time in ${place}, line ${index}`, users, line),
    )
    return [...ways, ...whole].filter(mayRunOut)
  })
}

interface User {
  readonly group: number
  /** Counted through all groups. */
  readonly choice: number
}

/** `[place]`: the groups that may go there. */
function usersOf(model: PlacementModel, choices: readonly (readonly Choice[])[]): User[][] {
  const users: User[][] = model.places.map(() => [])
  let choice = 0
  for (const [group, mine] of choices.entries())
    for (const { place } of mine) users[place]!.push({ group, choice: choice++ })
  return users
}

/**
 * The bytes that may still leave for the internet free of charge. Who gets none pays the floor instead. Whoever is given
 * them in truth, no way of giving them out costs less than letting those have them that save most.
 */
function scarceInternet(model: PlacementModel, merge: MergeOption, choices: readonly (readonly Choice[])[]): Scarce[] {
  const uses = choices
    .flat()
    .map(({ internet }, choice) => ({ choice, amount: internet.bytes, insteadUsd: internet.floorUsd }))
    .filter(({ amount }) => amount > 0)
  if (uses.length === 0) return []
  const taken = { choice: -1, amount: merge.delivery.bytes, insteadUsd: merge.delivery.floorUsd }
  const highestPrice = Math.max(...uses.map(({ amount, insteadUsd }) => insteadUsd / amount))
  // A byte of it where there is none: steps are measured by the amount.
  return [{ key: 'internet', amount: Math.max(1, model.internetFreeBytes), highestPrice, taken, uses }]
}

/** A place that has time for all its groups at once needs no price. */
const mayRunOut = ({ uses, amount }: Scarce): boolean =>
  amount > 0 && uses.reduce((sum, use) => sum + use.amount, 0) > amount

/** Who could take what, in flat arrays: this is evaluated a hundred times for each merging place. */
class Market {
  readonly scarce: readonly Scarce[]
  /** By how much each scarce thing was over-used when the market was last settled. */
  readonly excess: Float64Array
  readonly #choices: readonly (readonly Choice[])[]
  /** The cells of the n-th choice, counted through all groups, are `[#cells[n], #cells[n + 1])`. */
  readonly #cells: number[] = [0]
  readonly #rows: number[] = []
  readonly #uses: Use[] = []

  constructor(choices: readonly (readonly Choice[])[], scarce: readonly Scarce[]) {
    this.#choices = choices
    this.scarce = scarce
    this.excess = new Float64Array(scarce.length)
    const byChoice: [row: number, use: Use][][] = choices.flat().map(() => [])
    for (const [row, { uses }] of scarce.entries()) for (const use of uses) byChoice[use.choice]!.push([row, use])
    for (const mine of byChoice) {
      for (const [row, use] of mine) {
        this.#rows.push(row)
        this.#uses.push(use)
      }
      this.#cells.push(this.#rows.length)
    }
  }

  /** Each group takes what is cheapest for it at these prices: the bound, and the excess of everything scarce. */
  settle(prices: Float64Array): number {
    let bound = -this.worth(prices)
    for (const [row, { amount, taken }] of this.scarce.entries())
      this.excess[row] = (prices[row]! * taken.amount < taken.insteadUsd ? taken.amount : 0) - amount
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
      for (let cell = this.#cells[at]!; cell < this.#cells[at + 1]!; cell++) {
        const { amount, insteadUsd } = this.#uses[cell]!
        const row = this.#rows[cell]!
        if (prices[row]! * amount < insteadUsd) this.excess[row]! += amount
      }
    }
    return bound
  }

  /** What everything scarce is worth, less what is paid for what is taken anyway. */
  worth(prices: Float64Array): number {
    let worth = 0
    for (const [row, { amount, taken }] of this.scarce.entries())
      worth += prices[row]! * amount - Math.min(prices[row]! * taken.amount, taken.insteadUsd)
    return worth
  }

  /** `[group][choice]` */
  surcharges(prices: Float64Array): number[][] {
    let choice = 0
    return this.#choices.map((mine) => mine.map(() => this.#surcharge(choice++, prices)))
  }

  #surcharge(choice: number, prices: Float64Array): number {
    let sum = 0
    for (let cell = this.#cells[choice]!; cell < this.#cells[choice + 1]!; cell++) {
      const { amount, insteadUsd } = this.#uses[cell]!
      sum += Math.min(prices[this.#rows[cell]!]! * amount, insteadUsd)
    }
    return sum
  }
}

const STEPS = 120
const STEPS_WITHOUT_GAIN = 12
const LEAST_PACE = 1e-3

/** Subgradient ascent: raise the price of what is over-used, lower the price of what is left. */
function ascend(market: Market, start: Float64Array, enoughUsd: number): Float64Array {
  const { scarce, excess } = market
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
    // Each is measured by how much there is of it, so that a tight place and a roomy one move alike.
    let length = 0
    for (let row = 0; row < excess.length; row++) length += (excess[row]! / scarce[row]!.amount) ** 2
    if (length === 0) break
    const stride = (pace * aimAbove(bound, bestBound, enoughUsd)) / length
    for (const [row, { amount, highestPrice }] of scarce.entries())
      prices[row] = Math.min(highestPrice, Math.max(0, prices[row]! + (stride * excess[row]!) / amount ** 2))
  }
  return best
}

/** Polyak's step aims at the optimum. Nobody knows it: the best plan known is above it, or a few per cent will do. */
const aimAbove = (bound: number, bestBound: number, enoughUsd: number): number =>
  Number.isFinite(enoughUsd) ? enoughUsd - bound : Math.abs(bestBound) * 0.05 + (bestBound - bound)
