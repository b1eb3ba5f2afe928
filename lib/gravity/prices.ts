import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import { LAMBDA_PRICES, LAMBDA_PRICES_PROVENANCE, type LambdaPrice } from './tables/lambda-prices.ts'
import { monthsOld, olderDate, type Provenance } from './tables/provenance.ts'
import { isKnownRegion, regionOf } from './tables/regions.ts'
import { S3_PRICES_PROVENANCE, S3_REQUEST_PRICES, type S3RequestPrice } from './tables/s3-prices.ts'
import {
  FREE_INTERNET_GB_PER_MONTH,
  INTER_REGION_EXCEPTIONS,
  INTER_REGION_PROVENANCE,
  INTER_REGION_USD_PER_GB,
  INTERNET_PROVENANCE,
  INTERNET_TIER_UPPER_GB,
  INTERNET_USD_PER_GB,
} from './tables/transfer-prices.ts'

/**
 * Prices: the published tables, or a file that `lander prices refresh` wrote. They are plain data, so a problem file can
 * contain them. A section of a file replaces the whole published section, so that no table mixes two dates.
 */

/** Monthly tiers with marginal prices: the price of a GB depends on the volume before it. */
export interface InternetPrices {
  readonly freeGBPerMonth: number
  /** The end of each tier in GB a month; `null` for the last. */
  readonly tierUpperGB: readonly (number | null)[]
  /** USD per GB in each tier, by region. */
  readonly usdPerGB: Readonly<Record<string, readonly number[]>>
}

/** List prices in USD, with the source of each section. */
export interface Prices {
  /** USD per GB (2^30 bytes) from one region to another. */
  readonly interRegionUsdPerGB: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly internet: InternetPrices
  readonly s3: Readonly<Record<string, S3RequestPrice>>
  readonly lambda: Readonly<Record<string, LambdaPrice>>
  /** The source and the date of each section. */
  readonly provenance: Readonly<Record<PriceSection, Provenance>>
}

export type PriceSection = 'interRegionUsdPerGB' | 'internet' | 's3' | 'lambda'

/** The published prices of all pairs of regions. */
function publishedPairs(): Record<string, Record<string, number>> {
  const regions = [...INTER_REGION_USD_PER_GB.keys()]
  const pairsFrom = (from: string, usdPerGB: number) =>
    regions
      .filter((to) => to !== from)
      .map((to) => [to, INTER_REGION_EXCEPTIONS.get(`${from}>${to}`) ?? usdPerGB] as const)
  return Object.fromEntries(
    [...INTER_REGION_USD_PER_GB].map(([from, usdPerGB]) => [from, Object.fromEntries(pairsFrom(from, usdPerGB))]),
  )
}

/** The prices of the tables in lib/gravity/tables, each section with its source and date. */
export const PUBLISHED_PRICES: Prices = {
  interRegionUsdPerGB: publishedPairs(),
  internet: {
    freeGBPerMonth: FREE_INTERNET_GB_PER_MONTH,
    tierUpperGB: INTERNET_TIER_UPPER_GB,
    usdPerGB: Object.fromEntries(INTERNET_USD_PER_GB),
  },
  s3: Object.fromEntries(S3_REQUEST_PRICES),
  lambda: Object.fromEntries(LAMBDA_PRICES),
  provenance: {
    interRegionUsdPerGB: INTER_REGION_PROVENANCE,
    internet: INTERNET_PROVENANCE,
    s3: S3_PRICES_PROVENANCE,
    lambda: LAMBDA_PRICES_PROVENANCE,
  },
}

const usd = v.pipe(v.number(), v.finite(), v.minValue(0))
const isoDate = v.pipe(
  v.string(),
  v.check((text) => /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text)), 'Expected an ISO date'),
)

/** The schema of a price file. */
export const priceFileSchema = v.strictObject({
  source: v.pipe(v.string(), v.minLength(1)),
  asOf: isoDate,
  note: v.optional(v.string()),
  interRegionUsdPerGB: v.optional(v.record(v.string(), v.record(v.string(), usd))),
  internet: v.optional(
    v.strictObject({
      freeGBPerMonth: v.optional(usd, FREE_INTERNET_GB_PER_MONTH),
      tierUpperGB: v.optional(v.array(v.nullable(usd)), [...INTERNET_TIER_UPPER_GB]),
      usdPerGB: v.record(v.string(), v.array(usd)),
    }),
  ),
  s3: v.optional(v.record(v.string(), v.strictObject({ getUsdPer1000: usd, putUsdPer1000: usd }))),
  lambda: v.optional(
    v.record(
      v.string(),
      v.strictObject({
        x86UsdPerGBSecond: usd,
        arm64UsdPerGBSecond: usd,
        usdPerRequest: v.optional(usd),
        ephemeralUsdPerGBSecond: v.optional(usd),
      }),
    ),
  ),
})

/** A price file, as JSON: see {@link parsePrices}. */
export type PriceFile = v.InferOutput<typeof priceFileSchema>

/**
 * Parses a price file: `{source, asOf, interRegionUsdPerGB?, internet?, s3?, lambda?}`. Its sections replace the whole
 * published sections. Other sections keep the published prices and their older date.
 *
 * @throws {UsageError} `PROBLEM_INVALID` with the path of the first invalid field
 * @example
 * ```ts
 * const prices = parsePrices({
 *   source: 'my contract', asOf: '2026-11-01',
 *   interRegionUsdPerGB: { 'us-east-1': { 'eu-west-1': 0.012 } },
 * })
 * interRegionUsdPerGB('us-east-1', 'eu-west-1', prices) // 0.012
 * ```
 */
export function parsePrices(value: unknown): Prices {
  const parsed = v.safeParse(priceFileSchema, value, { abortEarly: true })
  if (parsed.success) return bookOf(parsed.output)
  const [issue] = parsed.issues
  throw new UsageError('PROBLEM_INVALID', `price file: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`, {
    remedy: 'write it as docs/gravity.md shows, or write it with lander prices refresh',
  })
}

/** The prices of a parsed file. */
export function bookOf(file: PriceFile): Prices {
  requireTiers(file.internet)
  const own: Provenance = { source: file.source, asOf: file.asOf, ...(file.note !== undefined && { note: file.note }) }
  const pick = (section: PriceSection) => (file[section] === undefined ? PUBLISHED_PRICES.provenance[section] : own)
  return {
    interRegionUsdPerGB: file.interRegionUsdPerGB ?? PUBLISHED_PRICES.interRegionUsdPerGB,
    internet: file.internet ?? PUBLISHED_PRICES.internet,
    s3: file.s3 ?? PUBLISHED_PRICES.s3,
    lambda: (file.lambda as Prices['lambda'] | undefined) ?? PUBLISHED_PRICES.lambda,
    provenance: {
      interRegionUsdPerGB: pick('interRegionUsdPerGB'),
      internet: pick('internet'),
      s3: pick('s3'),
      lambda: pick('lambda'),
    },
  }
}

function requireTiers(internet: PriceFile['internet']): void {
  if (internet === undefined) return
  const { tierUpperGB, usdPerGB } = internet
  const ends = tierUpperGB.map((end) => end ?? Number.POSITIVE_INFINITY)
  const ascending = ends.every((end, index) => index === 0 || end > ends[index - 1]!)
  const broken = Object.keys(usdPerGB).find((region) => usdPerGB[region]!.length !== tierUpperGB.length)
  if (ascending && ends.at(-1) === Number.POSITIVE_INFINITY && broken === undefined) return
  throw new UsageError('PROBLEM_INVALID', `price file: internet: tiers ${broken ?? 'of tierUpperGB'} do not fit`, {
    remedy: 'use ascending tierUpperGB with null at the end, and one price for each tier in each region',
  })
}

/** @throws {UsageError} `REGION_UNKNOWN` for a code that neither the tables nor the prices have */
export function requireRegion(region: string, prices: Prices): void {
  const priced = [prices.interRegionUsdPerGB, prices.lambda, prices.s3].some((table) => Object.hasOwn(table, region))
  if (!priced && !isKnownRegion(region)) regionOf(region)
}

function unknownPrice(what: string, prices: Prices, section: PriceSection): UsageError {
  const { source, asOf } = prices.provenance[section]
  return new UsageError('PRICE_UNKNOWN', `no price is known for ${what} (${source}, ${asOf})`, {
    remedy: 'fetch current prices with lander prices refresh, or leave the region out',
  })
}

/**
 * USD per GB (2^30 bytes) from one region to another; zero within a region.
 *
 * @throws {UsageError} `REGION_UNKNOWN`, or `PRICE_UNKNOWN` for a pair without a price
 * @example
 * ```ts
 * interRegionUsdPerGB('sa-east-1', 'us-east-1') // 0.138
 * ```
 */
export function interRegionUsdPerGB(from: string, to: string, prices: Prices = PUBLISHED_PRICES): number {
  requireRegion(from, prices)
  requireRegion(to, prices)
  if (from === to) return 0
  const usdPerGB = prices.interRegionUsdPerGB[from]?.[to]
  if (usdPerGB === undefined) throw unknownPrice(`data from ${from} to ${to}`, prices, 'interRegionUsdPerGB')
  return usdPerGB
}

/**
 * USD per GB from a region to the internet, one figure for each tier.
 *
 * @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`.
 */
export function internetTierPrices(region: string, prices: Prices = PUBLISHED_PRICES): readonly number[] {
  requireRegion(region, prices)
  const tiers = prices.internet.usdPerGB[region]
  if (tiers === undefined) throw unknownPrice(`data from ${region} to the internet`, prices, 'internet')
  return tiers
}

/** @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`. */
export function s3RequestPrice(region: string, prices: Prices = PUBLISHED_PRICES): S3RequestPrice {
  requireRegion(region, prices)
  const price = prices.s3[region]
  if (price === undefined) throw unknownPrice(`S3 requests in ${region}`, prices, 's3')
  return price
}

export type Architecture = 'arm64' | 'x86'

/** USD per GB-second of a function. @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`. */
export function lambdaUsdPerGBSecond(region: string, architecture: Architecture, prices = PUBLISHED_PRICES): number {
  requireRegion(region, prices)
  const price = prices.lambda[region]
  if (price === undefined) throw unknownPrice(`Lambda in ${region}`, prices, 'lambda')
  return architecture === 'arm64' ? price.arm64UsdPerGBSecond : price.x86UsdPerGBSecond
}

/** USD of one invocation. @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`. */
export function lambdaUsdPerRequest(region: string, prices: Prices = PUBLISHED_PRICES): number {
  requireRegion(region, prices)
  const price = prices.lambda[region]?.usdPerRequest
  if (price === undefined) throw unknownPrice(`Lambda requests in ${region}`, prices, 'lambda')
  return price
}

/** Prices that are older than this many months cause a warning. */
export const STALE_AFTER_MONTHS = 12

/** The age of the prices of a quote. */
export interface PriceDate {
  /** The date of the oldest section that was used. */
  readonly pricesAsOf: string
  /** A warning for each section that is older than `STALE_AFTER_MONTHS`. */
  readonly warnings: readonly string[]
}

/** The oldest date of the used sections, and a warning for each old section. */
export function datePrices(sections: readonly PriceSection[], prices: Prices, now: Date): PriceDate {
  const used = [...new Set(sections)]
  const dates = used.map((section) => prices.provenance[section].asOf)
  const stale = used.filter((section) => monthsOld(prices.provenance[section].asOf, now) > STALE_AFTER_MONTHS)
  return {
    pricesAsOf: dates.length === 0 ? '' : dates.reduce(olderDate),
    warnings: stale.map((section) => staleWarning(section, prices, now)),
  }
}

const SECTION_NAMES: Readonly<Record<PriceSection, string>> = {
  interRegionUsdPerGB: 'transfer between regions',
  internet: 'transfer to the internet',
  s3: 'S3 requests',
  lambda: 'Lambda',
}

function staleWarning(section: PriceSection, prices: Prices, now: Date): string {
  const { asOf } = prices.provenance[section]
  const months = Math.floor(monthsOld(asOf, now))
  return `prices of ${SECTION_NAMES[section]} are of ${asOf}, ${months} months old; lander prices refresh fetches current ones`
}
