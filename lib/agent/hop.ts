import { CLIENT } from '../client-name.ts'
import { call } from './prelude/calls.ts'
import { copiesUnderWay, sendCopy } from './prelude/copies.ts'
import { place } from './prelude/place.ts'
import { PlaceError } from './prelude/place-error.ts'

let hopping = false

/**
 * Moves the agent to another region, in the middle of its work: every variable, closure, generator and pending promise
 * comes along, and `here` is the new place from then on. It leaves once no read is under way; timers travel. What was
 * open for reading stays behind: open it anew. A hop to where the agent is does nothing.
 *
 * @throws PlaceError `PLACE_UNKNOWN` for a region that is not of this mission, `HOP_IN_PROGRESS` while another hop, or
 *   a copy sent with {@link at}, is under way
 *
 * @example
 * for (const region of here.regions) {
 *   await hop(region)
 *   for await (const line of here.lines('2026/')) statistic.add(line.length)
 * }
 */
export async function hop(region: string): Promise<void> {
  requirePlace(region)
  requireStill('it hops')
  if (region === place().region) return
  hopping = true
  try {
    await call('hop', region)
  } finally {
    hopping = false
  }
}

/**
 * Sends a copy of the agent to a region, closure and all, to call `work` there; resolves to what that returned. The
 * agent itself stays where it is and is frozen meanwhile. Several at once travel side by side. What a copy changes
 * stays with the copy: only its result comes back, as JSON.
 *
 * @throws what `work` throws, with its name, message and code; PlaceError `PLACE_UNKNOWN`, `PLACE_UNREACHABLE`,
 *   `COPY_STOPPED` when the copy hit a limit, or `HOP_IN_PROGRESS` while the agent itself hops
 *
 * @example
 * const counts = await Promise.all(here.regions.map((region) => at(region, async () => {
 *   let count = 0
 *   for await (const line of here.lines('2026/')) if (line.includes(word)) count++
 *   return count
 * })))
 */
export async function at<Result>(region: string, work: () => Result | Promise<Result>): Promise<Result> {
  if (typeof work !== 'function') throw new TypeError('at() takes a region and the function to call there')
  requirePlace(region)
  if (hopping) throw inProgress('the agent is about to hop')
  return (await sendCopy(region, work)) as Result
}

/** @throws PlaceError `HOP_IN_PROGRESS` */
export function requireStill(next: string): void {
  if (hopping) throw inProgress('the agent is about to hop already')
  if (copiesUnderWay() > 0) throw inProgress(`copies of the agent are on their way; await them before ${next}`)
}

/** @throws PlaceError `PLACE_UNKNOWN` */
export function requirePlace(region: string): void {
  const { regions, clientPlaces = [] } = place()
  if (regions.includes(region) || clientPlaces.includes(region)) return
  if (region === CLIENT)
    throw new PlaceError('PLACE_UNKNOWN', '"client" takes no agents that are on their way: return the result instead')
  const known = [...regions, ...clientPlaces].join(', ')
  throw new PlaceError('PLACE_UNKNOWN', `this mission may not go to "${region}" from here, only to ${known}`)
}

function inProgress(fact: string): PlaceError {
  return new PlaceError('HOP_IN_PROGRESS', `${fact}: one move at a time`)
}
