import type { Scope } from '../scope.ts'

/** Returns the region of a bucket, or `undefined` if this place can not find out. */
export type RegionOf = (bucket: string) => Promise<string | undefined>

/**
 * The scopes whose bucket lies in `region`. One manifest serves all regions of a mission, and `here` lists only the
 * objects of the current region. A bucket of unknown region is kept, so that the agent gets an error when it reads it.
 */
export async function localScopes(scopes: readonly Scope[], region: string, regionOf: RegionOf): Promise<Scope[]> {
  const bucketRegions = await Promise.all(scopes.map((scope) => regionOf(scope.bucket)))
  return scopes.filter((_, i) => bucketRegions[i] === undefined || bucketRegions[i] === region)
}

/** Caches the regions of buckets, since buckets don't move. */
export function rememberRegions(regionOf: RegionOf): RegionOf {
  const known = new Map<string, string>()
  return async (bucket) => {
    const region = known.get(bucket) ?? (await regionOf(bucket))
    if (region !== undefined) known.set(bucket, region)
    return region
  }
}
