import { here } from './here.ts'
import { at } from './hop.ts'
import { place } from './prelude/place.ts'

/** A place this mission may go to. */
export class PlaceInfo {
  readonly region: string

  /** @internal */
  constructor(region: string) {
    this.region = region
  }

  /**
   * Bytes of the objects there that the agent may read. The place itself counts them, so nobody on the way can say
   * otherwise: a copy of the agent goes there and lists, which takes as long as a hop and a listing. Ask for several at
   * once, and the copies travel side by side.
   *
   * @throws PlaceError and ObjectError, as {@link at} and `here.objects` do
   */
  bytes(): Promise<number> {
    return this.region === place().region ? countBytes() : at(this.region, countBytes)
  }
}

/**
 * Where this run may go: the regions of its order and places of the sender's own, the one it is in among them. Nothing
 * is listed before it is asked for.
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
