import type { Scope } from '../scope.ts'
import type { ConfigFile } from './schema.ts'

/** What is known of a fleet before it has a configuration. */
export interface ConfigAnswers {
  readonly fleet: string
  /** What its functions may read. */
  readonly scopes: readonly Scope[]
  /** Where each of the scopes' buckets lies. */
  readonly regionOf: ReadonlyMap<string, string>
  /** Regions besides those of the data. @default none */
  readonly regions?: readonly string[]
  /** @default false */
  readonly confidential?: boolean
  /** @default as the data asks for */
  readonly network?: 'open' | 'isolated' | undefined
}

/**
 * The configuration those answers make, but for the root key: every bucket once, a region for each of them, and nothing
 * that is a default.
 */
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
