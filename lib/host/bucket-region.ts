import type { Scope } from '../scope.ts'

/** The region of a bucket, or `undefined` when it can't be known from here. */
export type RegionOf = (bucket: string) => Promise<string | undefined>

/**
 * The scopes whose bucket lies in `region`. A mission over several regions has one manifest for all of them; in each
 * place `here` lists what is there and nothing else. A bucket of unknown region stays in: reading it gives the error.
 */
export async function localScopes(scopes: readonly Scope[], region: string, regionOf: RegionOf): Promise<Scope[]> {
  const bucketRegions = await Promise.all(scopes.map((scope) => regionOf(scope.bucket)))
  return scopes.filter((_, i) => bucketRegions[i] === undefined || bucketRegions[i] === region)
}

/** Remembers where a bucket lies: buckets don't move. */
export function rememberRegions(regionOf: RegionOf): RegionOf {
  const known = new Map<string, string>()
  return async (bucket) => {
    const region = known.get(bucket) ?? (await regionOf(bucket))
    if (region !== undefined) known.set(bucket, region)
    return region
  }
}
