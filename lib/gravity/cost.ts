import { CLIENT } from '../client-name.ts'
import { UsageError } from '../errors.ts'
import {
  type Architecture,
  datePrices,
  interRegionUsdPerGB,
  lambdaUsdPerGBSecond,
  lambdaUsdPerRequest,
  type PriceDate,
  type PriceSection,
  type Prices,
  PUBLISHED_PRICES,
  requireRegion,
  s3RequestPrice,
} from './prices.ts'
import { LAMBDA_FREE_MONTHLY, LAMBDA_TIERS } from './tables/lambda-prices.ts'
import { internetUsd, marginalUsd } from './tiers.ts'
import { BYTES_PER_BILLED_GB, formatBytes } from './units.ts'

/** One line of a cost estimate. */
export interface CostLine {
  readonly what: string
  readonly usd: number
  /** Seconds, if the part also takes time. */
  readonly seconds?: number
}

/** A transfer of bytes. `from` and `to` are region codes, or `client` for a computer outside AWS. */
export interface TransferUse {
  readonly from: string
  readonly to: string
  readonly bytes: number
}

/** Requests to S3 in one region. */
export interface RequestUse {
  readonly region: string
  /** GET, SELECT and HEAD. */
  readonly gets?: number
  /** PUT, COPY, POST and LIST. */
  readonly puts?: number
}

/** The use of Lambda functions in one region. */
export interface ComputeUse {
  readonly region: string
  /** Run time multiplied by configured memory, in GB of 2^30 bytes. */
  readonly gbSeconds: number
  readonly invocations?: number
  /** @default 'arm64' */
  readonly architecture?: Architecture
}

/** The use whose cost is estimated. Parts without use have no line in the estimate. */
export interface CostRequest {
  readonly transfers?: readonly TransferUse[]
  readonly requests?: readonly RequestUse[]
  readonly compute?: readonly ComputeUse[]
  /** GB that the account has already sent to the internet this month. It sets the price tier. @default 0 */
  readonly internetGBThisMonth?: number
  /** Whether to subtract the million requests and 400,000 GB-seconds that are free each month. @default false */
  readonly lambdaFreeTier?: boolean
  /** @default the published tables */
  readonly prices?: Prices
  /** The time with which the age of prices is computed. @default the present */
  readonly now?: Date
}

/** The estimated cost in USD, and the date of the prices. */
export interface CostEstimate extends PriceDate {
  readonly usd: number
  /** The parts of the cost. Their sum is `usd`. */
  readonly lines: readonly CostLine[]
}

/**
 * Estimates what a use of S3, Lambda and the network costs. It uses list prices without tax, evaluates marginal tiers
 * exactly, and bills a GB as 2^30 bytes.
 *
 * A transfer between regions costs `bytes / 2^30 · price of the source`. A transfer to the internet is billed in monthly
 * tiers. Transfers from the internet and within a region are free. Sources and dates are in docs/gravity.md.
 *
 * @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`; `SIZE_INVALID` for a negative or infinite amount
 * @example
 * ```ts
 * estimateCost({ transfers: [{ from: 'us-east-1', to: 'eu-west-1', bytes: 2 ** 40 }] }).usd // 20.48
 * ```
 */
export function estimateCost(request: CostRequest): CostEstimate {
  const { prices = PUBLISHED_PRICES, now = new Date() } = request
  checkAmounts(request)
  for (const { from, to } of request.transfers ?? [])
    for (const end of [from, to]) if (end !== CLIENT) requireRegion(end, prices)
  const lines = [
    ...transferLines(request, prices),
    ...(request.requests ?? []).flatMap((use) => requestLines(use, prices)),
    ...computeLines(request, prices),
  ]
  return { usd: sumUsd(lines), lines, ...datePrices(sectionsOf(request), prices, now) }
}

function checkAmounts({ transfers = [], requests = [], compute = [], internetGBThisMonth = 0 }: CostRequest): void {
  const amounts = [
    internetGBThisMonth,
    ...transfers.map(({ bytes }) => bytes),
    ...requests.flatMap(({ gets = 0, puts = 0 }) => [gets, puts]),
    ...compute.flatMap(({ gbSeconds, invocations = 0 }) => [gbSeconds, invocations]),
  ]
  const wrong = amounts.find((amount) => !(Number.isFinite(amount) && amount >= 0))
  if (wrong === undefined) return
  throw new UsageError('SIZE_INVALID', `${wrong} is not a valid amount`, {
    remedy: 'use finite amounts from 0',
  })
}

export const sumUsd = (lines: readonly { readonly usd: number }[]): number =>
  lines.reduce((sum, line) => sum + line.usd, 0)

function sectionsOf({ transfers = [], requests = [], compute = [] }: CostRequest): PriceSection[] {
  const sections: [PriceSection, boolean][] = [
    ['interRegionUsdPerGB', transfers.some(({ from, to }) => from !== CLIENT && to !== CLIENT && from !== to)],
    ['internet', transfers.some(({ to }) => to === CLIENT)],
    ['s3', requests.length > 0],
    ['lambda', compute.length > 0],
  ]
  return sections.filter(([, used]) => used).map(([section]) => section)
}

function transferLines({ transfers = [], internetGBThisMonth = 0 }: CostRequest, prices: Prices): CostLine[] {
  const inside = transfers.filter(({ to }) => to !== CLIENT)
  const outside = transfers.filter(({ to }) => to === CLIENT)
  const lines = inside.map(({ from, to, bytes }) => ({
    what: `transfer of ${formatBytes(bytes)} from ${from} to ${to}`,
    usd: transferUsd(from, to, bytes, prices),
  }))
  if (outside.length === 0) return lines
  const bytes = outside.reduce((sum, flow) => sum + flow.bytes, 0)
  const froms = [...new Set(outside.map((flow) => flow.from))].join(', ')
  const usd = internetUsd(outside, prices, internetGBThisMonth)
  return [...lines, { what: `transfer of ${formatBytes(bytes)} from ${froms} to the internet`, usd }]
}

/**
 * USD for a transfer to a region: zero from the client and within a region, else the price of the source.
 *
 * @throws {UsageError} `REGION_UNKNOWN` or `PRICE_UNKNOWN`.
 */
export function transferUsd(from: string, to: string, bytes: number, prices: Prices): number {
  if (from === CLIENT) return 0
  return (bytes / BYTES_PER_BILLED_GB) * interRegionUsdPerGB(from, to, prices)
}

function requestLines({ region, gets = 0, puts = 0 }: RequestUse, prices: Prices): CostLine[] {
  const { getUsdPer1000, putUsdPer1000 } = s3RequestPrice(region, prices)
  const lines = [
    { what: `${count(gets)} GET requests in ${region}`, usd: (gets / 1000) * getUsdPer1000, used: gets > 0 },
    { what: `${count(puts)} PUT requests in ${region}`, usd: (puts / 1000) * putUsdPer1000, used: puts > 0 },
  ]
  return lines.filter(({ used }) => used).map(({ what, usd }) => ({ what, usd }))
}

function computeLines({ compute = [], lambdaFreeTier = false }: CostRequest, prices: Prices): CostLine[] {
  let freeGBSeconds: number = lambdaFreeTier ? LAMBDA_FREE_MONTHLY.gbSeconds : 0
  let freeRequests: number = lambdaFreeTier ? LAMBDA_FREE_MONTHLY.requests : 0
  return compute.flatMap(({ region, gbSeconds, invocations = 0, architecture = 'arm64' }) => {
    const billedGBSeconds = Math.max(0, gbSeconds - freeGBSeconds)
    const billedRequests = Math.max(0, invocations - freeRequests)
    freeGBSeconds -= gbSeconds - billedGBSeconds
    freeRequests -= invocations - billedRequests
    const runs = {
      what: `${count(billedGBSeconds)} GB-seconds of Lambda (${architecture}) in ${region}`,
      usd: gbSecondsUsd(region, billedGBSeconds, architecture, prices),
    }
    if (billedRequests === 0) return [runs]
    const requests = {
      what: `${count(billedRequests)} Lambda requests in ${region}`,
      usd: billedRequests * lambdaUsdPerRequest(region, prices),
    }
    return [runs, requests]
  })
}

/** USD for GB-seconds. AWS publishes volume discounts for us-east-1, above 6 (x86) or 7.5 (arm64) billion GB-seconds. */
function gbSecondsUsd(region: string, gbSeconds: number, architecture: Architecture, prices: Prices): number {
  const first = lambdaUsdPerGBSecond(region, architecture, prices)
  const { upperGBSeconds, usdPerGBSecond } = LAMBDA_TIERS[architecture]
  const discounted = region === 'us-east-1' && first === usdPerGBSecond[0]
  return discounted ? marginalUsd(0, gbSeconds, upperGBSeconds, usdPerGBSecond) : gbSeconds * first
}

const count = (amount: number): string => amount.toLocaleString('en-US', { maximumFractionDigits: 2 })
