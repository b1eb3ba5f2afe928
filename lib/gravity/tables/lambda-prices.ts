import type { Provenance } from './provenance.ts'
import { parseCell, parseRows } from './text-table.ts'

/** Billed by the millisecond of run time times the memory configured (GB of 2^10 MB), and by the request. */
export const LAMBDA_PRICES_PROVENANCE: Provenance = {
  source: 'AWS pricing calculator (Lambda metered units) as kept in a public table; me-central-1 from a second one',
  asOf: '2024-08-01',
  note: 'us-east-1 confirmed by a price list extract of October 2025; first tier of monthly use',
}

export interface LambdaPrice {
  readonly x86UsdPerGBSecond: number
  readonly arm64UsdPerGBSecond: number
  /** `undefined` where it is not published. */
  readonly usdPerRequest: number | undefined
  /** Of `/tmp` beyond the 512 MB that come free; `undefined` where it is not published. */
  readonly ephemeralUsdPerGBSecond: number | undefined
}

function perOne(perMillion: number | undefined): number | undefined {
  // Through a decimal string, so that 16.6667 becomes 0.0000166667 and not its neighbour.
  return perMillion === undefined ? undefined : Number(`${perMillion}e-6`)
}

// USD per million: GB-seconds on x86, on arm64, requests, GB-seconds of ephemeral storage
export const LAMBDA_PRICES: ReadonlyMap<string, LambdaPrice> = new Map(
  parseRows(`
  af-south-1         22.1    17.68     0.27     0.0404
  ap-east-1         22.92     18.3     0.28     0.0407
  ap-northeast-1  16.6667  13.3334      0.2      0.037
  ap-northeast-2  16.6667  13.3334      0.2     0.0352
  ap-northeast-3  16.6667  13.3334      0.2      0.037
  ap-south-1      16.6667  13.3334      0.2     0.0352
  ap-southeast-1  16.6667  13.3334      0.2      0.037
  ap-southeast-2  16.6667  13.3334      0.2      0.037
  ap-southeast-4  16.6667  13.3334      0.2      0.037
  ap-southeast-5       15       12     0.18     0.0333
  ca-central-1    16.6667  13.3334      0.2      0.034
  eu-central-1    16.6667  13.3334      0.2     0.0367
  eu-central-2    18.3334  14.6667     0.22     0.0441
  eu-north-1      16.6667  13.3334      0.2     0.0323
  eu-south-1      19.5172  15.6138     0.23     0.0357
  eu-west-1       16.6667  13.3334      0.2      0.034
  eu-west-2       16.6667  13.3334      0.2     0.0358
  eu-west-3       16.6667  13.3334      0.2     0.0358
  me-central-1    20.6667  16.5334        -          -
  me-south-1      20.6667  16.5334     0.25     0.0374
  sa-east-1       16.6667  13.3334      0.2     0.0586
  us-east-1       16.6667  13.3334      0.2     0.0309
  us-east-2       16.6667  13.3334      0.2     0.0309
  us-west-1       16.6667  13.3334      0.2      0.037
  us-west-2       16.6667  13.3334      0.2     0.0309
`).map(([region = '', ...perMillion]) => [region, priceOf(perMillion)]),
)

function priceOf(perMillion: readonly string[]): LambdaPrice {
  const [x86, arm64, request, ephemeral] = perMillion.map(parseCell).map(perOne)
  return {
    x86UsdPerGBSecond: x86 ?? Number.NaN,
    arm64UsdPerGBSecond: arm64 ?? Number.NaN,
    usdPerRequest: request,
    ephemeralUsdPerGBSecond: ephemeral,
  }
}

/** Monthly volume discounts, as published for us-east-1. */
export const LAMBDA_TIERS = {
  x86: { upperGBSeconds: [6e9, 15e9, null], usdPerGBSecond: [1.66667e-5, 1.5e-5, 1.33334e-5] },
  arm64: { upperGBSeconds: [7.5e9, 18.75e9, null], usdPerGBSecond: [1.33334e-5, 1.20001e-5, 1.06667e-5] },
} as const

/** What every account may use a month without charge. */
export const LAMBDA_FREE_MONTHLY = { requests: 1_000_000, gbSeconds: 400_000 } as const
