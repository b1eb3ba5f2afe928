import { UnreachableError } from '../errors.ts'
import type { Fleet, FleetRegion } from './fleet-file.ts'

/** The fleet's deployment in a region. @throws UnreachableError `FUNCTION_NOT_FOUND` */
export function placeOf(region: string, fleet: Pick<Fleet, 'name' | 'regions'>): FleetRegion {
  const place = fleet.regions.find((candidate) => candidate.region === region)
  if (place !== undefined) return place
  const deployed = fleet.regions.map((candidate) => candidate.region).join(', ')
  const fact = `fleet "${fleet.name}" has no function in ${region}, only in ${deployed}`
  throw new UnreachableError('FUNCTION_NOT_FOUND', fact, {
    remedy: `add ${region} to lander.config.json, and deploy`,
  })
}
