import { here } from './here.ts'
import { at } from './hop.ts'
import { place } from './prelude/place.ts'

/** A place that this mission may go to. */
export class PlaceInfo {
  readonly region: string

  /** @internal */
  constructor(region: string) {
    this.region = region
  }

  /**
   * The total size of the objects there that the agent may read, in bytes. A copy of the agent goes there and lists
   * them, so the relay can not forge the number. It takes as long as a hop and a listing. Calls for several places run
   * side by side.
   *
   * @throws PlaceError what {@link at} throws
   * @throws ObjectError what `here.objects` throws
   */
  bytes(): Promise<number> {
    return this.region === place().region ? countBytes() : at(this.region, countBytes)
  }
}

/**
 * The places that this mission may go to: the regions of its order and its client places, including the current one.
 * Nothing is listed until you call a method of a place.
 *
 * @example
 * const sizes = await Promise.all(places().map(async (place) => [place.region, await place.bytes()]))
 */
export function places(): readonly PlaceInfo[] {
  const { regions, clientPlaces = [] } = place()
  return [...regions, ...clientPlaces].map((region) => new PlaceInfo(region))
}

async function countBytes(): Promise<number> {
  let bytes = 0
  for await (const { size } of here.objects()) bytes += size
  return bytes
}
