import { CLIENT } from '../client-name.ts'
import { internetTierPrices, type Prices } from './prices.ts'
import { BYTES_PER_BILLED_GB } from './units.ts'

/**
 * The price of an amount in marginal tiers: each unit costs what the tier it falls into says, and earlier units fill
 * the tiers first.
 *
 * @param from where the amount begins, in units used before
 * @param to where it ends
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

/** How many units, from a given one on, a sum of money pays for: the inverse of {@link marginalUsd}. */
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

/** Bytes that leave a region for the internet. */
export interface InternetFlow {
  readonly from: string
  readonly bytes: number
}

/**
 * What data to the internet costs, exactly: each region's own tiers, its volume of the month behind it, and the
 * free GB of the account taken off first. Which region's bytes the free GB go to is AWS's to decide; here they are
 * shared in proportion to volume.
 *
 * @param gbThisMonth GB the account has already sent to the internet this month
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
    // The free GB count as the first of the month's volume: they fill the lowest tier without being billed.
    const start = gbThisMonth + gb * freeShare
    return sum + marginalUsd(start, gbThisMonth + gb, prices.internet.tierUpperGB, internetTierPrices(from, prices))
  }, 0)
}
