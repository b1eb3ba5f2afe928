import { UsageError } from '../../errors.ts'
import type { Provenance } from './provenance.ts'

/** An AWS region. */
export interface Region {
  /** The code, as in `eu-central-1`. */
  readonly code: string
  /** The name AWS gives it. */
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** Whether that country is a member of the European Union. */
  readonly euMember: boolean
  /** The prefix of the region's lines in AWS usage reports; `undefined` where it is not published. */
  readonly billingPrefix: string | undefined
  /** Regions of different partitions share no accounts and no prices. */
  readonly partition: 'aws' | 'aws-us-gov'
}

export const REGIONS_PROVENANCE: Provenance = {
  source: 'AWS documentation: Amazon S3 usage report codes; names and countries are the public region names',
  asOf: '2024-01-01',
  note: 'regions opened later may be missing; a missing region is refused, never guessed',
}

const EU_COUNTRIES = new Set(['DE', 'ES', 'FR', 'IE', 'IT', 'SE'])

// code, country, billing prefix, name
const ROWS = `
  us-east-1       US  USE1  US East (N. Virginia)
  us-east-2       US  USE2  US East (Ohio)
  us-west-1       US  USW1  US West (N. California)
  us-west-2       US  USW2  US West (Oregon)
  ca-central-1    CA  CAN1  Canada (Central)
  sa-east-1       BR  SAE1  South America (Sao Paulo)
  eu-west-1       IE  EU    Europe (Ireland)
  eu-west-2       GB  EUW2  Europe (London)
  eu-west-3       FR  EUW3  Europe (Paris)
  eu-central-1    DE  EUC1  Europe (Frankfurt)
  eu-central-2    CH  EUC2  Europe (Zurich)
  eu-north-1      SE  EUN1  Europe (Stockholm)
  eu-south-1      IT  EUS1  Europe (Milan)
  eu-south-2      ES  EUS2  Europe (Spain)
  ap-northeast-1  JP  APN1  Asia Pacific (Tokyo)
  ap-northeast-2  KR  APN2  Asia Pacific (Seoul)
  ap-northeast-3  JP  APN3  Asia Pacific (Osaka)
  ap-southeast-1  SG  APS1  Asia Pacific (Singapore)
  ap-southeast-2  AU  APS2  Asia Pacific (Sydney)
  ap-southeast-3  ID  APS4  Asia Pacific (Jakarta)
  ap-southeast-4  AU  APS6  Asia Pacific (Melbourne)
  ap-southeast-5  MY     -  Asia Pacific (Malaysia)
  ap-south-1      IN  APS3  Asia Pacific (Mumbai)
  ap-south-2      IN  APS5  Asia Pacific (Hyderabad)
  ap-east-1       HK  APE1  Asia Pacific (Hong Kong)
  me-south-1      BH  MES1  Middle East (Bahrain)
  me-central-1    AE  MEC1  Middle East (UAE)
  af-south-1      ZA  CPT   Africa (Cape Town)
  us-gov-east-1   US  UGE1  AWS GovCloud (US-East)
  us-gov-west-1   US  UGW1  AWS GovCloud (US-West)
`

function parseRegion(line: string): Region {
  const [code = '', country = '', prefix = '', ...name] = line.trim().split(/\s+/)
  return {
    code,
    name: name.join(' '),
    country,
    euMember: EU_COUNTRIES.has(country),
    billingPrefix: prefix === '-' ? undefined : prefix,
    partition: code.startsWith('us-gov-') ? 'aws-us-gov' : 'aws',
  }
}

/** Every region these tables know. */
export const REGIONS: readonly Region[] = ROWS.trim().split('\n').map(parseRegion)

const BY_CODE = new Map(REGIONS.map((region) => [region.code, region]))

/** Whether these tables know the region. */
export const isKnownRegion = (code: string): boolean => BY_CODE.has(code)

/**
 * The region of a code.
 *
 * @throws {UsageError} `REGION_UNKNOWN` for a code these tables don't have.
 * @example
 * ```ts
 * regionOf('eu-west-1').name // 'Europe (Ireland)'
 * ```
 */
export function regionOf(code: string): Region {
  const region = BY_CODE.get(code)
  if (region !== undefined) return region
  throw new UsageError('REGION_UNKNOWN', `region "${code}" is not known`, {
    remedy: `use a region code such as ${nearestCodes(code).join(', ')}`,
  })
}

/** A few codes that begin like the given one, for the remedy of an error. */
function nearestCodes(code: string): string[] {
  const sameArea = REGIONS.filter((region) => region.code.slice(0, 2) === code.slice(0, 2))
  return (sameArea.length > 0 ? sameArea : REGIONS).slice(0, 3).map((region) => region.code)
}
