import type { Provenance } from './provenance.ts'
import { parseCell, parseRows } from './text-table.ts'

/**
 * Data between regions is billed once, to the region it leaves; where it arrives it is free (AWS Cost and Usage
 * Report guide, data transfer charges). So one price per source is the whole table, but for the pairs in
 * {@link INTER_REGION_EXCEPTIONS}. Within a region, S3 to Lambda costs nothing.
 */
export const INTER_REGION_PROVENANCE: Provenance = {
  source: 'Skyplane project, AWS transfer costs (674 region pairs, 26 regions); SkyStore agrees on every shared pair',
  asOf: '2023-04-27',
  note: 'MongoDB Atlas lists 0.02–0.138 for the same flows; one undated page has 0.08 for us-east-1 to ap-south-1',
}

/** USD per billing GB (2^30 bytes) that leaves the region for another one. */
export const INTER_REGION_USD_PER_GB: ReadonlyMap<string, number> = new Map(
  parseRows(`
  af-south-1       0.147
  ap-east-1         0.09
  ap-northeast-1    0.09
  ap-northeast-2    0.08
  ap-northeast-3    0.09
  ap-south-1       0.086
  ap-southeast-1    0.09
  ap-southeast-2   0.098
  ap-southeast-3     0.1
  ca-central-1      0.02
  eu-central-1      0.02
  eu-central-2      0.02
  eu-north-1        0.02
  eu-south-1        0.02
  eu-south-2        0.02
  eu-west-1         0.02
  eu-west-2         0.02
  eu-west-3         0.02
  me-central-1     0.085
  me-south-1      0.1105
  sa-east-1        0.138
  us-east-1         0.02
  us-east-2         0.02
  us-gov-east-1     0.03
  us-west-1         0.02
  us-west-2         0.02
`).map(([region = '', usd]) => [region, parseCell(usd) ?? Number.NaN]),
)

/** The pairs whose price differs from the rest of their source region, as `from>to`. */
export const INTER_REGION_EXCEPTIONS: ReadonlyMap<string, number> = new Map([
  ['us-east-1>us-east-2', 0.01],
  ['us-east-2>us-east-1', 0.01],
])

/**
 * Data to the internet: marginal tiers over the volume of a month, inbound is free. The first 100 GB a month are
 * free over all regions and services of the account together (not in GovCloud).
 */
export const INTERNET_PROVENANCE: Provenance = {
  source: 'AWS price data of April 2023 as cited in public source code; first tier checked against Skyplane',
  asOf: '2023-04-01',
  note: 'two obvious slips of that copy (ap-east-1 and ap-southeast-3, one tier each) are put right',
}

/** GB a month that may leave for the internet free of charge, over all regions together (AWS S3 pricing page). */
export const FREE_INTERNET_GB_PER_MONTH = 100

/** Where each tier ends, in GB a month: 10, 50 and 150 TiB, then without end. */
export const INTERNET_TIER_UPPER_GB: readonly (number | null)[] = [10_240, 51_200, 153_600, null]

/** USD per GB in each tier of {@link INTERNET_TIER_UPPER_GB}, by region. */
export const INTERNET_USD_PER_GB: ReadonlyMap<string, readonly number[]> = new Map(
  parseRows(`
  af-south-1       0.154   0.147   0.126   0.112
  ap-east-1         0.12   0.085   0.082    0.08
  ap-northeast-1   0.114   0.089   0.086   0.084
  ap-northeast-2   0.126   0.122   0.117   0.108
  ap-northeast-3   0.114   0.089   0.086   0.084
  ap-south-1      0.1093   0.085   0.082    0.08
  ap-south-2      0.1093   0.085   0.082    0.08
  ap-southeast-1    0.12   0.085   0.082    0.08
  ap-southeast-2   0.114   0.098   0.094   0.092
  ap-southeast-3   0.132     0.1   0.095    0.09
  ap-southeast-4   0.114   0.098   0.094   0.092
  ca-central-1      0.09   0.085    0.07    0.05
  eu-central-1      0.09   0.085    0.07    0.05
  eu-central-2      0.09   0.085    0.07    0.05
  eu-north-1        0.09   0.085    0.07    0.05
  eu-south-1        0.09   0.085    0.07    0.05
  eu-south-2        0.09   0.085    0.07    0.05
  eu-west-1         0.09   0.085    0.07    0.05
  eu-west-2         0.09   0.085    0.07    0.05
  eu-west-3         0.09   0.085    0.07    0.05
  me-central-1      0.11   0.085   0.077   0.055
  me-south-1       0.117  0.1105   0.091   0.065
  sa-east-1         0.15   0.138   0.126   0.114
  us-east-1         0.09   0.085    0.07    0.05
  us-east-2         0.09   0.085    0.07    0.05
  us-west-1         0.09   0.085    0.07    0.05
  us-west-2         0.09   0.085    0.07    0.05
`).map(([region = '', ...tiers]) => [region, tiers.map(Number)]),
)
