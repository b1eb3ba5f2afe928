import type { TimeLine } from '../transfer.ts'
import type { Choice } from './choice.ts'
import type { MergeOption, PlacementModel } from './model.ts'

/**
 * Groups compete for scarce resources: with a deadline for the time of each place, and for the free GB to the internet.
 * Lagrangian relaxation turns this into a bound that is a sum over groups: each resource gets a price (a multiplier), each
 * group pays for its use, and the worth of all resources is subtracted. Any prices give a valid bound; subgradient steps
 * (Held and Karp 1971, Polyak 1969) make it high.
 */
export interface ScarcityPriced {
  /** `[group][choice]`: the price of the scarce resources that the choice uses. */
  readonly surcharge: readonly (readonly number[])[]
  /** The worth of all scarce resources, which is subtracted from the bound. */
  readonly worthUsd: number
  readonly prices: ScarcityPrices
}

/** The price of each scarce resource in USD for a second or a byte. The next merging place starts with them. */
export type ScarcityPrices = ReadonlyMap<string, number>

export interface ScarcityOptions {
  readonly secondsLeft: number
  readonly start: ScarcityPrices
  /** The ascent stops at this bound, because a higher one would rule out nothing more. */
  readonly enoughUsd: number
}

/** Finds prices that make the bound high. There are none if nothing is scarce. */
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
  /** The available amount. */
  readonly amount: number
  /** The highest price that a group would pay. */
  readonly highestPrice: number
  /** The use that does not depend on the groups. */
  readonly taken: Use
  readonly uses: readonly Use[]
}

interface Use {
  /** The choice that uses it, numbered over all groups. */
  readonly choice: number
  readonly amount: number
  /** The cost of doing without it. */
  readonly insteadUsd: number
}

const NOTHING: Use = { choice: -1, amount: 0, insteadUsd: 0 }

/**
 * The time of each place as a scarce resource: for each link, and for all data together, each including the transfer of
 * results. The plan's time is the longest work plus the longest transfer of results, so in each place the sum of its own
 * two must keep the deadline.
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
  /** The number of the choice over all groups. */
  readonly choice: number
}

/** `[place]`: the groups that may run there. */
function usersOf(model: PlacementModel, choices: readonly (readonly Choice[])[]): User[][] {
  const users: User[][] = model.places.map(() => [])
  let choice = 0
  for (const [group, mine] of choices.entries())
    for (const { place } of mine) users[place]!.push({ group, choice: choice++ })
  return users
}

/**
 * The free bytes to the internet as a scarce resource. A group without free bytes pays the floor. The bound gives them to
 * the groups that save most, and no other distribution costs less.
 */
function scarceInternet(model: PlacementModel, merge: MergeOption, choices: readonly (readonly Choice[])[]): Scarce[] {
  const uses = choices
    .flat()
    .map(({ internet }, choice) => ({ choice, amount: internet.bytes, insteadUsd: internet.floorUsd }))
    .filter(({ amount }) => amount > 0)
  if (uses.length === 0) return []
  const taken = { choice: -1, amount: merge.delivery.bytes, insteadUsd: merge.delivery.floorUsd }
  const highestPrice = Math.max(...uses.map(({ amount, insteadUsd }) => insteadUsd / amount))
  // At least one byte, because the steps are divided by the amount.
  return [{ key: 'internet', amount: Math.max(1, model.internetFreeBytes), highestPrice, taken, uses }]
}

/** Whether the possible uses exceed the amount. Otherwise the resource needs no price. */
const mayRunOut = ({ uses, amount }: Scarce): boolean =>
  amount > 0 && uses.reduce((sum, use) => sum + use.amount, 0) > amount

/** All possible uses in flat arrays, because they are evaluated a hundred times for each merging place. */
class Market {
  readonly scarce: readonly Scarce[]
  /** How much each scarce resource was over-used at the last evaluation. */
  readonly excess: Float64Array
  readonly #choices: readonly (readonly Choice[])[]
  /** The cells of the n-th choice over all groups are `[#cells[n], #cells[n + 1])`. */
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

  /** Lets each group take its cheapest choice at these prices, and records the excess. @returns the bound */
  evaluate(prices: Float64Array): number {
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

  /** The worth of all scarce resources, minus the price of the use that does not depend on groups. */
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

/** Subgradient ascent: it raises the prices of over-used resources and lowers those of under-used ones. */
function ascend(market: Market, start: Float64Array, enoughUsd: number): Float64Array {
  const { scarce, excess } = market
  const prices = start.slice()
  let best = prices.slice()
  let bestBound = Number.NEGATIVE_INFINITY
  let pace = 1
  let idle = 0
  for (let step = 0; step < STEPS && pace > LEAST_PACE && bestBound < enoughUsd; step++) {
    const bound = market.evaluate(prices)
    if (bound > bestBound) {
      best = prices.slice()
      bestBound = bound
      idle = 0
    } else if (++idle === STEPS_WITHOUT_GAIN) {
      pace /= 2
      idle = 0
    }
    // Each excess is divided by the amount, so that small and large resources get similar steps.
    let length = 0
    for (let row = 0; row < excess.length; row++) length += (excess[row]! / scarce[row]!.amount) ** 2
    if (length === 0) break
    const stride = (pace * aimAbove(bound, bestBound, enoughUsd)) / length
    for (const [row, { amount, highestPrice }] of scarce.entries())
      prices[row] = Math.min(highestPrice, Math.max(0, prices[row]! + (stride * excess[row]!) / amount ** 2))
  }
  return best
}

/** Polyak's step needs the optimum, which is unknown. The cost of the best known plan, or a few per cent, replace it. */
const aimAbove = (bound: number, bestBound: number, enoughUsd: number): number =>
  Number.isFinite(enoughUsd) ? enoughUsd - bound : Math.abs(bestBound) * 0.05 + (bestBound - bound)
