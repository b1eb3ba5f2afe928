import type { AgentContext } from '../agent.ts'
import { ErrorClass } from './captured.ts'

let current: AgentContext | undefined

/** Sets where the agent is. */
export function enterPlace(place: AgentContext): void {
  current = place
}

/** Where the agent is. @throws Error while the agent's module is loading, and outside of a place */
export function place(): AgentContext {
  if (current === undefined)
    throw new ErrorClass('there is no place yet; use this inside the function that you pass to agent()')
  return current
}
