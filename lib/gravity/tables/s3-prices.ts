import type { Provenance } from './provenance.ts'
import { parseRows } from './text-table.ts'

/** LIST, COPY and POST are billed as PUT; DELETE is free. */
export const S3_PRICES_PROVENANCE: Provenance = {
  source: 'SkyStore project, storage price profile, tier General Purpose',
  asOf: '2023-12-07',
  note: 'us-east-1 confirmed by notes of October 2025',
}

/** USD for 1,000 requests against S3 Standard. */
export interface S3RequestPrice {
  readonly getUsdPer1000: number
  /** PUT, COPY, POST and LIST. */
  readonly putUsdPer1000: number
}

// region, GET and others, PUT COPY POST LIST
export const S3_REQUEST_PRICES: ReadonlyMap<string, S3RequestPrice> = new Map(
  parseRows(`
  af-south-1        0.0004   0.006
  ap-east-1         0.0004   0.005
  ap-northeast-1   0.00037  0.0047
  ap-northeast-2   0.00035  0.0045
  ap-northeast-3   0.00037  0.0047
  ap-south-1        0.0004   0.005
  ap-south-2        0.0004   0.005
  ap-southeast-1    0.0004   0.005
  ap-southeast-2   0.00044  0.0055
  ap-southeast-3    0.0004   0.005
  ap-southeast-4   0.00044  0.0055
  ca-central-1     0.00044  0.0055
  eu-central-1     0.00043  0.0054
  eu-central-2     0.00043  0.0054
  eu-north-1        0.0004   0.005
  eu-south-1        0.0004  0.0053
  eu-south-2        0.0004  0.0053
  eu-west-1         0.0004   0.005
  eu-west-2        0.00042  0.0053
  eu-west-3        0.00042  0.0053
  me-central-1     0.00044  0.0055
  me-south-1       0.00044  0.0055
  sa-east-1        0.00056   0.007
  us-east-1         0.0004   0.005
  us-east-2         0.0004   0.005
  us-gov-east-1     0.0004   0.005
  us-gov-west-1     0.0004   0.005
  us-west-1        0.00044  0.0055
  us-west-2         0.0004   0.005
`).map(([region = '', get, put]) => [region, { getUsdPer1000: Number(get), putUsdPer1000: Number(put) }]),
)
