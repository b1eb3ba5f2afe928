import type { Scope } from '../scope.ts'
import type { ConfigFile } from './schema.ts'

/** The answers from which `lander init` makes a configuration. */
export interface ConfigAnswers {
  readonly fleet: string
  /** What the fleet's functions may read. */
  readonly scopes: readonly Scope[]
  /** The region of each bucket in the scopes. */
  readonly regionOf: ReadonlyMap<string, string>
  /** Further regions to deploy to. @default none */
  readonly regions?: readonly string[]
  /** @default false */
  readonly confidential?: boolean
  /** @default `isolated` if the data is confidential, else `open` */
  readonly network?: 'open' | 'isolated' | undefined
}

/** The configuration for these answers, without the root key. It names each bucket once and leaves out defaults. */
export function draftConfig(answers: ConfigAnswers): ConfigFile {
  const { fleet, scopes, regionOf, regions = [], confidential = false, network } = answers
  const buckets = [...new Set(scopes.map(({ bucket }) => bucket))]
  const data = buckets.map((bucket) => {
    const prefixes = prefixesOf(bucket, scopes)
    return {
      bucket,
      region: regionOf.get(bucket) as NonNullable<ConfigFile['data']>[number]['region'],
      ...(prefixes.includes('') ? {} : { prefixes }),
      ...(confidential && { confidential }),
    }
  })
  const all = [...new Set([...data.map(({ region }) => region), ...regions])] as ConfigFile['regions']
  return { fleet, regions: all, data, ...(network && { network }) }
}

function prefixesOf(bucket: string, scopes: readonly Scope[]): string[] {
  return [...new Set(scopes.filter((scope) => scope.bucket === bucket).map(({ prefix }) => prefix))]
}
