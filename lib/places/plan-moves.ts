/** Plans which agents move out of crowded places, and where to. Pure. */

/** The capacity of a place. An absent bound means no limit. */
export interface PlaceBounds {
  /** The most agents that run at the same time. */
  readonly agents?: number
  /** The most memory of their engines together. */
  readonly memoryBytes?: number
}

/** An agent that runs in a place. A suspended agent uses no capacity anywhere. */
export interface AgentLoad {
  readonly name: string
  readonly memoryBytes: number
  /** Whether the agent can be asked to move. An agent that is already moving can't. */
  readonly movable: boolean
}

/** The agents that run in a place, and its capacity. */
export interface PlaceLoad {
  readonly place: string
  readonly bounds: PlaceBounds
  readonly agents: readonly AgentLoad[]
}

/** A planned move of an agent from one place to another. */
export interface Move {
  readonly agent: string
  readonly from: string
  readonly to: string
}

/** The used capacity of a place. */
interface Weight {
  readonly agents: number
  readonly memoryBytes: number
}

/**
 * Plans moves out of crowded places until they are within their bounds. The largest agents move first, so that few have
 * to move, and each goes to the place that is emptiest afterwards. No move makes a place crowded; if no place has room,
 * agents stay. Equal loads give equal plans.
 *
 * @example
 * planMoves([
 *   { place: 'tasklet', bounds: { agents: 1 }, agents: [small, large] },
 *   { place: 'thread', bounds: { agents: 8 }, agents: [] },
 * ]) // [{ agent: 'large', from: 'tasklet', to: 'thread' }]
 */
export function planMoves(loads: readonly PlaceLoad[]): Move[] {
  const weights = new Map(loads.map(({ place, agents }) => [place, weightOf(agents)]))
  const moves: Move[] = []
  for (const { place: from, bounds, agents } of loads) {
    for (const agent of largestFirst(agents)) {
      if (fullness(weights.get(from)!, bounds) <= 1) break
      const to = emptiestFor(agent, from, loads, weights)
      if (to === undefined) continue
      weights.set(from, plus(weights.get(from)!, agent, -1))
      weights.set(to, plus(weights.get(to)!, agent, 1))
      moves.push({ agent: agent.name, from, to })
    }
  }
  return moves
}

/** The used share of a place's capacity. Above 1 the place is crowded. */
export function fullness({ agents, memoryBytes }: Weight, bounds: PlaceBounds): number {
  const { agents: mostAgents = Number.POSITIVE_INFINITY, memoryBytes: mostBytes = Number.POSITIVE_INFINITY } = bounds
  return Math.max(share(agents, mostAgents), share(memoryBytes, mostBytes))
}

/** The used share of one bound. A bound of 0 makes a place with any agent crowded. */
function share(used: number, most: number): number {
  return used === 0 ? 0 : used / most
}

/** The used capacity of agents together. */
export function weightOf(agents: readonly AgentLoad[]): Weight {
  return { agents: agents.length, memoryBytes: agents.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) }
}

function largestFirst(agents: readonly AgentLoad[]): AgentLoad[] {
  const movable = agents.filter((agent) => agent.movable)
  return movable.sort((a, b) => b.memoryBytes - a.memoryBytes || (a.name < b.name ? -1 : 1))
}

function emptiestFor(
  agent: AgentLoad,
  from: string,
  loads: readonly PlaceLoad[],
  weights: ReadonlyMap<string, Weight>,
): string | undefined {
  const others = loads.filter(({ place }) => place !== from)
  const after = others.map(({ place, bounds }) => ({
    place,
    full: fullness(plus(weights.get(place)!, agent, 1), bounds),
  }))
  const [best] = after.filter(({ full }) => full <= 1).sort((a, b) => a.full - b.full)
  return best?.place
}

function plus(weight: Weight, agent: AgentLoad, sign: 1 | -1): Weight {
  return { agents: weight.agents + sign, memoryBytes: weight.memoryBytes + sign * agent.memoryBytes }
}
