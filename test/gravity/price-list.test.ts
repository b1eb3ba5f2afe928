import { describe, expect, it } from 'vitest'
import { readPriceList } from '../../lib/gravity/price-list.ts'
import { internetTierPrices, interRegionUsdPerGB, lambdaUsdPerRequest, parsePrices } from '../../lib/gravity/prices.ts'

/** Hand-written documents in the format of GetProducts (aws_v1); AWS is not called. */

type Range = readonly [begin: string, end: string, usd: string]

const product = (attributes: Record<string, string>, ranges: readonly Range[], sku = 'SKU1') => ({
  product: { productFamily: 'any', attributes, sku },
  serviceCode: 'any',
  terms: {
    OnDemand: {
      [`${sku}.JRTCKXETXF`]: {
        priceDimensions: Object.fromEntries(
          ranges.map(([beginRange, endRange, USD], index) => [
            `${sku}.JRTCKXETXF.${index}`,
            { unit: 'GB', beginRange, endRange, pricePerUnit: { USD }, appliesTo: [] },
          ]),
        ),
        sku,
        effectiveDate: '2026-11-01T00:00:00Z',
        offerTermCode: 'JRTCKXETXF',
        termAttributes: {},
      },
    },
  },
  version: '20261101000000',
  publicationDate: '2026-11-01T00:00:00Z',
})

const flat = (usd: string): Range[] => [['0', 'Inf', usd]]
const between = (fromRegionCode: string, toRegionCode: string, usd: string) =>
  product({ transferType: 'InterRegion Outbound', fromRegionCode, toRegionCode }, flat(usd))
const outbound = (fromRegionCode: string, ranges: readonly Range[]) =>
  product({ transferType: 'AWS Outbound', fromRegionCode, toLocation: 'External' }, ranges)
const group = (name: string, regionCode: string, ...ranges: Range[]) => product({ group: name, regionCode }, ranges)

const TIERS: Range[] = [
  ['10240', '51200', '0.0850000000'],
  ['0', '10240', '0.0900000000'],
  ['51200', 'Inf', '0.0700000000'],
]

const regional = (region: string) => [
  group('S3-API-Tier1', region, ['0', 'Inf', '0.0000050000']),
  group('S3-API-Tier2', region, ['0', 'Inf', '0.0000004000']),
  group('AWS-Lambda-Duration', region, ['0', '6000000000', '0.0000166667'], ['6000000000', 'Inf', '0.0000150000']),
  group('AWS-Lambda-Duration-ARM', region, ['0', 'Inf', '0.0000133334']),
  group('AWS-Lambda-Requests', region, ['0', 'Inf', '0.0000002000']),
]

const documents = [
  between('us-east-1', 'us-east-2', '0.0100000000'),
  between('us-east-1', 'eu-west-1', '0.0200000000'),
  between('us-east-1', 'us-east-1-bos-1', '0.5000000000'),
  product({ transferType: 'InterRegion Inbound', fromRegionCode: 'eu-west-1', toRegionCode: 'us-east-1' }, flat('0.0')),
  outbound('us-east-1', TIERS),
  outbound('eu-west-1', TIERS),
  outbound('cn-north-1', flat('0.1300000000')),
  ...regional('us-east-1'),
  ...regional('eu-west-1'),
  group('AWS-Lambda-Storage-Duration', 'us-east-1', ['0', 'Inf', '0.0000000309']),
  group('AWS-Lambda-Duration', 'ap-south-2', ['0', 'Inf', '0.0000166667']),
  group('S3-API-SIA-Tier1', 'us-east-1', ['0', 'Inf', '9']),
]

describe('the price list', () => {
  const { file, leftOut } = readPriceList(documents, '2026-11-23')

  it('becomes a price file with the date of the fetch', () => {
    expect(file).toEqual({
      source: 'AWS Price List API',
      asOf: '2026-11-23',
      interRegionUsdPerGB: { 'us-east-1': { 'us-east-2': 0.01, 'eu-west-1': 0.02 } },
      internet: {
        freeGBPerMonth: 100,
        tierUpperGB: [10_240, 51_200, null],
        usdPerGB: { 'us-east-1': [0.09, 0.085, 0.07], 'eu-west-1': [0.09, 0.085, 0.07] },
      },
      s3: {
        'us-east-1': { getUsdPer1000: 0.0004, putUsdPer1000: 0.005 },
        'eu-west-1': { getUsdPer1000: 0.0004, putUsdPer1000: 0.005 },
      },
      lambda: {
        'us-east-1': {
          x86UsdPerGBSecond: 0.0000166667,
          arm64UsdPerGBSecond: 0.0000133334,
          usdPerRequest: 2e-7,
          ephemeralUsdPerGBSecond: 3.09e-8,
        },
        'eu-west-1': { x86UsdPerGBSecond: 0.0000166667, arm64UsdPerGBSecond: 0.0000133334, usdPerRequest: 2e-7 },
      },
    })
  })

  it('names what it omits', () => {
    expect(leftOut).toEqual([
      'internet prices of cn-north-1: its tiers end elsewhere than most',
      'Lambda in ap-south-2: a price is missing',
    ])
  })

  it('parses as a price file', () => {
    const prices = parsePrices(JSON.parse(JSON.stringify(file)))
    expect(interRegionUsdPerGB('us-east-1', 'us-east-2', prices)).toBe(0.01)
    expect(internetTierPrices('eu-west-1', prices)).toEqual([0.09, 0.085, 0.07])
    expect(lambdaUsdPerRequest('us-east-1', prices)).toBe(2e-7)
    expect(() => interRegionUsdPerGB('us-east-1', 'sa-east-1', prices)).toThrow(
      expect.objectContaining({ code: 'PRICE_UNKNOWN' }),
    )
  })

  it('ignores a price in another currency, and a product without a term', () => {
    const yuan = between('us-east-1', 'ap-south-1', '1') as { terms: { OnDemand: Record<string, unknown> } }
    yuan.terms.OnDemand = {
      t: { priceDimensions: { d: { beginRange: '0', endRange: 'Inf', pricePerUnit: { CNY: '1' } } } },
    }
    const free = { product: { attributes: {} }, terms: {} }
    expect(readPriceList([...documents, yuan, free], '2026-11-23').file).toEqual(file)
  })

  it.each([
    ['no document', 'text'],
    ['a document without a product', { terms: {} }],
    [
      'prices that are no text',
      {
        product: { attributes: {} },
        terms: { OnDemand: { t: { priceDimensions: { d: { pricePerUnit: { USD: 1 } } } } } },
      },
    ],
  ])('refuses %s', (_name, document) => {
    expect(() => readPriceList([...documents, document], '2026-11-23')).toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining('price list document') }),
    )
  })

  it('refuses a list without a section, so that old prices are not quoted as new', () => {
    const without = documents.filter(({ product: { attributes } }) => !('transferType' in attributes))
    expect(() => readPriceList(without, '2026-11-23')).toThrow('the price list has no prices for interRegionUsdPerGB')
    expect(() => readPriceList([], '2026-11-23')).toThrow(expect.objectContaining({ code: 'PROBLEM_INVALID' }))
  })
})
