import type { Scope } from '../scope.ts'
import type { FleetClients } from './clients.ts'
import type { Fleet } from './fleet-file.ts'

/** The regions of the scopes' buckets, each once, in the order of the scopes. */
export async function regionsOf(scopes: readonly Scope[], fleet: Fleet, clients: FleetClients): Promise<string[]> {
  const via = fleet.regions[0]!.region
  return [...new Set(await Promise.all(scopes.map(({ bucket }) => clients.regionOf(bucket, via))))]
}
