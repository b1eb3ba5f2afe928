import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import type { PriceFile } from './prices.ts'

/**
 * Converts documents of the AWS Price List API (GetProducts, format `aws_v1`) to a price file. A document is one product
 * with its terms. The AWS Price List user guide describes them. The attributes `transferType`, `group`, `fromRegionCode`,
 * `toRegionCode` and `regionCode` identify a product.
 */

/** The queries for the products that a price file needs. */
export const PRICE_QUERIES: readonly PriceQuery[] = [
  { serviceCode: 'AWSDataTransfer', attributes: { transferType: 'InterRegion Outbound' } },
  { serviceCode: 'AWSDataTransfer', attributes: { transferType: 'AWS Outbound' } },
  { serviceCode: 'AmazonS3', attributes: { group: 'S3-API-Tier1' } },
  { serviceCode: 'AmazonS3', attributes: { group: 'S3-API-Tier2' } },
  { serviceCode: 'AWSLambda', attributes: { group: 'AWS-Lambda-Duration' } },
  { serviceCode: 'AWSLambda', attributes: { group: 'AWS-Lambda-Duration-ARM' } },
  { serviceCode: 'AWSLambda', attributes: { group: 'AWS-Lambda-Requests' } },
  { serviceCode: 'AWSLambda', attributes: { group: 'AWS-Lambda-Storage-Duration' } },
]

export interface PriceQuery {
  readonly serviceCode: string
  readonly attributes: Readonly<Record<string, string>>
}

const dimensionSchema = v.object({
  beginRange: v.optional(v.string(), '0'),
  endRange: v.optional(v.string(), 'Inf'),
  pricePerUnit: v.object({ USD: v.optional(v.string()) }),
})

const documentSchema = v.object({
  product: v.object({ attributes: v.record(v.string(), v.string()) }),
  terms: v.object({
    OnDemand: v.optional(
      v.record(v.string(), v.object({ priceDimensions: v.record(v.string(), dimensionSchema) })),
      {},
    ),
  }),
})

interface Tier {
  readonly from: number
  readonly to: number | null
  readonly usd: number
}

interface Product {
  readonly attributes: Readonly<Record<string, string>>
  /** The price tiers, in ascending order. */
  readonly tiers: readonly Tier[]
}

/** A price file, and what was left out of it and why. */
export interface PriceList {
  readonly file: PriceFile
  readonly leftOut: readonly string[]
}

/**
 * Makes a price file from documents of the Price List. It ignores Local and Wavelength zones. It leaves out regions with
 * incomplete prices or with other tiers than most regions, and names them.
 *
 * @param asOf the day on which the documents were fetched, `YYYY-MM-DD`
 * @throws {UsageError} `PROBLEM_INVALID` for a document that is not from the Price List, and for an empty section, because
 * a file without a section would present old prices as new
 */
export function readPriceList(documents: readonly unknown[], asOf: string): PriceList {
  const products = documents.map(parseProduct).filter(({ tiers }) => tiers.length > 0)
  const internet = internetSection(products)
  const s3 = s3Section(products)
  const lambda = lambdaSection(products)
  const sections = {
    interRegionUsdPerGB: interRegionSection(products),
    internet: internet.section,
    s3: s3.section,
    lambda: lambda.section,
  }
  requireSections(sections)
  const file = { source: 'AWS Price List API', asOf, ...sections }
  return { file, leftOut: [...internet.leftOut, ...s3.leftOut, ...lambda.leftOut] }
}

function parseProduct(document: unknown): Product {
  const parsed = v.safeParse(documentSchema, document, { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError(
      'PROBLEM_INVALID',
      `price list document: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`,
      {
        remedy: 'the format may have changed; report it, and write a price file by hand until it is fixed',
      },
    )
  }
  const { product, terms } = parsed.output
  const dimensions = Object.values(terms.OnDemand).flatMap((term) => Object.values(term.priceDimensions))
  const tiers = dimensions.flatMap(({ beginRange, endRange, pricePerUnit }) =>
    pricePerUnit.USD === undefined
      ? []
      : [{ from: Number(beginRange), to: endRange === 'Inf' ? null : Number(endRange), usd: Number(pricePerUnit.USD) }],
  )
  return { attributes: product.attributes, tiers: tiers.sort((a, b) => a.from - b.from) }
}

function requireSections(sections: Readonly<Record<string, unknown>>): void {
  for (const [name, section] of Object.entries(sections)) {
    const table = name === 'internet' ? (section as { usdPerGB: object }).usdPerGB : (section as object)
    if (Object.keys(table).length > 0) continue
    throw new UsageError('PROBLEM_INVALID', `the price list has no prices for ${name}`, {
      remedy: 'try again; if it fails again, the format has changed: report it',
    })
  }
}

/** Whether a code is that of a region. Zones have codes such as `us-east-1-bos-1`. */
const isRegion = (code: string | undefined): code is string => /^[a-z]{2}(-[a-z]+)+-\d+$/.test(code ?? '')

function interRegionSection(products: readonly Product[]): Record<string, Record<string, number>> {
  const section: Record<string, Record<string, number>> = {}
  for (const { attributes, tiers } of products) {
    const { transferType, fromRegionCode: from, toRegionCode: to } = attributes
    if (transferType !== 'InterRegion Outbound' || !isRegion(from) || !isRegion(to) || from === to) continue
    section[from] = { ...section[from], [to]: tiers[0]!.usd }
  }
  return section
}

function internetSection(products: readonly Product[]) {
  const outbound = products.filter(
    ({ attributes }) => attributes.transferType === 'AWS Outbound' && isRegion(attributes.fromRegionCode),
  )
  const endsOf = ({ tiers }: Product) => JSON.stringify(tiers.map(({ to }) => to))
  const usual = mostCommon(outbound.map(endsOf))
  const usdPerGB = Object.fromEntries(
    outbound
      .filter((product) => endsOf(product) === usual)
      .map(({ attributes, tiers }) => [attributes.fromRegionCode!, tiers.map(({ usd }) => usd)]),
  )
  const leftOut = outbound
    .filter((product) => endsOf(product) !== usual)
    .map(({ attributes }) => `internet prices of ${attributes.fromRegionCode}: its tiers end elsewhere than most`)
  return {
    section: { freeGBPerMonth: 100, tierUpperGB: JSON.parse(usual ?? '[]') as (number | null)[], usdPerGB },
    leftOut,
  }
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** The price of the first unit in each region that has a product of the group. */
function firstPrices(products: readonly Product[], group: string): Map<string, number> {
  const mine = products.filter(({ attributes }) => attributes.group === group && isRegion(attributes.regionCode))
  return new Map(mine.map(({ attributes, tiers }) => [attributes.regionCode!, tiers[0]!.usd]))
}

function s3Section(products: readonly Product[]) {
  const put = firstPrices(products, 'S3-API-Tier1')
  const get = firstPrices(products, 'S3-API-Tier2')
  const priced = [...put.keys()].filter((region) => get.has(region))
  const per1000 = (usd: number) => Number((usd * 1000).toPrecision(12))
  const section = Object.fromEntries(
    priced.map((region) => [
      region,
      { getUsdPer1000: per1000(get.get(region)!), putUsdPer1000: per1000(put.get(region)!) },
    ]),
  )
  return { section, leftOut: missing('S3 requests', [put, get], priced) }
}

function lambdaSection(products: readonly Product[]) {
  const x86 = firstPrices(products, 'AWS-Lambda-Duration')
  const arm64 = firstPrices(products, 'AWS-Lambda-Duration-ARM')
  const request = firstPrices(products, 'AWS-Lambda-Requests')
  const ephemeral = firstPrices(products, 'AWS-Lambda-Storage-Duration')
  const priced = [...x86.keys()].filter((region) => arm64.has(region) && request.has(region))
  const priceOf = (region: string) => ({
    x86UsdPerGBSecond: x86.get(region)!,
    arm64UsdPerGBSecond: arm64.get(region)!,
    usdPerRequest: request.get(region)!,
    ...(ephemeral.has(region) && { ephemeralUsdPerGBSecond: ephemeral.get(region)! }),
  })
  const section = Object.fromEntries(priced.map((region) => [region, priceOf(region)]))
  return { section, leftOut: missing('Lambda', [x86, arm64, request], priced) }
}

function missing(what: string, tables: readonly ReadonlyMap<string, number>[], priced: readonly string[]): string[] {
  const named = new Set(tables.flatMap((table) => [...table.keys()]))
  return [...named]
    .filter((region) => !priced.includes(region))
    .map((region) => `${what} in ${region}: a price is missing`)
}
