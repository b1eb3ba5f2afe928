import type { Place } from '../agent.ts'
import { ErrorClass } from './captured.ts'

let current: Place | undefined

/** The agent has arrived. */
export function enterPlace(place: Place): void {
  current = place
}

/** Where the agent is. @throws Error while its module is still loading, or outside of a place */
export function place(): Place {
  if (current === undefined)
    throw new ErrorClass('there is no place yet: use this inside the function you give to agent()')
  return current
}
