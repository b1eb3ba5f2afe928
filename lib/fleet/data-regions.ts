import type { Scope } from '../scope.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet } from './fleet.ts'

/** The regions in which the scopes' buckets lie, each once, in the order of the scopes. */

export async function regionsOf(scopes: readonly Scope[], fleet: Fleet, clients: FleetClients): Promise<string[]> {
  const bucketRegions = await Promise.all(
    scopes.map(({ bucket }) => clients.regionOf(bucket, fleet.regions[0]!.region)),
  )
  return [...new Set(bucketRegions)]
}
