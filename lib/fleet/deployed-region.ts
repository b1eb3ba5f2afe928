import { UnreachableError } from '../errors.ts'
import type { Fleet, FleetRegion } from './fleet.ts'

/** The deployed place of a region. @throws UnreachableError `FUNCTION_NOT_FOUND` */
export function placeOf(region: string, fleet: Pick<Fleet, 'name' | 'regions'>): FleetRegion {
  const place = fleet.regions.find((candidate) => candidate.region === region)
  if (place !== undefined) return place
  const deployed = fleet.regions.map((candidate) => candidate.region).join(', ')
  throw new UnreachableError(
    'FUNCTION_NOT_FOUND',
    `fleet "${fleet.name}" has no function in ${region}, only in ${deployed}`,
    {
      remedy: `add ${region} to lander.config.json and deploy it`,
    },
  )
}
