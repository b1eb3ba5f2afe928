import { CLIENT } from '../client-name.ts'
import { internetTierPrices, type Prices } from './prices.ts'
import { BYTES_PER_BILLED_GB } from './units.ts'

/**
 * The price of an amount in marginal tiers: each unit has the price of its own tier.
 *
 * @param from the volume before the amount
 * @param to the volume including the amount
 * @example
 * ```ts
 * marginalUsd(0, 15_000, [10_240, null], [0.09, 0.085]) // 10,240 · 0.09 + 4,760 · 0.085
 * ```
 */
export function marginalUsd(
  from: number,
  to: number,
  tierUpper: readonly (number | null)[],
  usdPerUnit: readonly number[],
): number {
  let usd = 0
  let lower = 0
  for (const [tier, end] of tierUpper.entries()) {
    const upper = end ?? Number.POSITIVE_INFINITY
    usd += Math.max(0, Math.min(to, upper) - Math.max(from, lower)) * usdPerUnit[tier]!
    lower = upper
  }
  return usd
}

/** How many units an amount of money buys, from a given volume on: the inverse of {@link marginalUsd}. */
export function amountFor(
  usd: number,
  from: number,
  tierUpper: readonly (number | null)[],
  usdPerUnit: readonly number[],
): number {
  let [left, amount, lower] = [usd, 0, 0]
  for (const [tier, end] of tierUpper.entries()) {
    const upper = end ?? Number.POSITIVE_INFINITY
    const room = Math.max(0, upper - Math.max(from, lower))
    const price = usdPerUnit[tier]!
    if (left < room * price) return amount + left / price
    left -= room === Number.POSITIVE_INFINITY ? 0 : room * price
    amount += room
    lower = upper
  }
  return amount
}

/** Bytes that are sent from a region to the internet. */
export interface InternetFlow {
  readonly from: string
  readonly bytes: number
}

/**
 * The exact cost of data to the internet, with the tiers of each region, the volume of the month so far, and the free GB
 * of the account. AWS decides which region gets the free GB; here regions share them in proportion to their volume.
 *
 * @param gbThisMonth GB that the account has already sent to the internet this month
 * @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`.
 */
export function internetUsd(flows: readonly InternetFlow[], prices: Prices, gbThisMonth = 0): number {
  const paid = flows.filter((flow) => flow.from !== CLIENT && flow.bytes > 0)
  const totalGB = paid.reduce((sum, flow) => sum + flow.bytes, 0) / BYTES_PER_BILLED_GB
  if (totalGB === 0) return 0
  const freeGB = Math.max(0, prices.internet.freeGBPerMonth - gbThisMonth)
  const freeShare = Math.min(1, freeGB / totalGB)
  return paid.reduce((sum, { from, bytes }) => {
    const gb = bytes / BYTES_PER_BILLED_GB
    // The free GB are the first of the month's volume, so they are part of the first tier but are not billed.
    const start = gbThisMonth + gb * freeShare
    return sum + marginalUsd(start, gbThisMonth + gb, prices.internet.tierUpperGB, internetTierPrices(from, prices))
  }, 0)
}
