import { CLIENT } from '../client-name.ts'
import { call } from './prelude/calls.ts'
import { copiesUnderWay, sendCopy } from './prelude/copies.ts'
import { place } from './prelude/place.ts'
import { PlaceError } from './prelude/place-error.ts'

let hopping = false

/**
 * Moves the agent to another place in the middle of its work. Every variable, closure, generator and pending promise
 * moves along, and `here` is the new place afterwards.
 *
 * The agent leaves when no read is pending. Pending timers move with it and fire in the new place. Objects that are
 * open for reading do not move: open them again. A hop to the current place does nothing.
 *
 * @throws PlaceError `PLACE_UNKNOWN` for a place that this mission may not go to, `HOP_IN_PROGRESS` during another hop
 *   or while a copy sent with {@link at} has not answered
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
 * Sends a copy of the agent, closures included, to another place to call `work` there. Only the result comes back, as
 * JSON: changes that the copy makes are lost.
 *
 * While an agent waits for its copies it is suspended to storage and uses no compute. Several copies run side by side.
 *
 * @returns what `work` returned
 * @throws what `work` threw, with its name, message and code
 * @throws PlaceError `PLACE_UNKNOWN`, `PLACE_UNREACHABLE`, `COPY_STOPPED` if the copy hit a limit, or `HOP_IN_PROGRESS`
 *   while the agent itself hops
 *
 * @example
 * const counts = await Promise.all(here.regions.map((region) => at(region, async () => {
 *   let count = 0
 *   for await (const line of here.lines('2026/')) if (line.includes(word)) count++
 *   return count
 * })))
 */
export async function at<Result>(region: string, work: () => Result | Promise<Result>): Promise<Result> {
  if (typeof work !== 'function') throw new TypeError('at() takes a place and the function to call there')
  requirePlace(region)
  if (hopping) throw inProgress('the agent is already hopping')
  return (await sendCopy(region, work)) as Result
}

/** @throws PlaceError `HOP_IN_PROGRESS` */
export function requireStill(next: string): void {
  if (hopping) throw inProgress('the agent is already hopping')
  if (copiesUnderWay() > 0) throw inProgress(`copies of the agent have not answered; await them before ${next}`)
}

/** @throws PlaceError `PLACE_UNKNOWN` */
export function requirePlace(region: string): void {
  const { regions, clientPlaces = [] } = place()
  if (regions.includes(region) || clientPlaces.includes(region)) return
  if (region === CLIENT)
    throw new PlaceError('PLACE_UNKNOWN', 'an agent can not hop to "client": return the result instead')
  const known = [...regions, ...clientPlaces].join(', ')
  throw new PlaceError('PLACE_UNKNOWN', `this mission may not go to "${region}" from here, only to ${known}`)
}

function inProgress(fact: string): PlaceError {
  return new PlaceError('HOP_IN_PROGRESS', `${fact}; make one move at a time`)
}
