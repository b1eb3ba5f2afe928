import type { AgentContext } from '../agent.ts'
import { ErrorClass } from './captured.ts'

let current: AgentContext | undefined

/** The agent has arrived. */
export function enterPlace(place: AgentContext): void {
  current = place
}

/** Where the agent is. @throws Error while its module is still loading, or outside of a place */
export function place(): AgentContext {
  if (current === undefined)
    throw new ErrorClass('there is no place yet: use this inside the function you give to agent()')
  return current
}
