/** Which agents are to leave a crowded place, and where to. Pure. */

/** How much a place is to carry. What is absent is not bounded. */
export interface PlaceBounds {
  /** Agents at work at the same time. */
  readonly agents?: number
  /** Their engines' memory in sum. */
  readonly memoryBytes?: number
}

/** An agent at work in a place. One that waits for a message is frozen, and weighs nothing anywhere. */
export interface AgentLoad {
  readonly name: string
  readonly memoryBytes: number
  /** Whether it can be asked to move: one that is on its way already can not. */
  readonly movable: boolean
}

/** What a place carries. */
export interface PlaceLoad {
  readonly place: string
  readonly bounds: PlaceBounds
  readonly agents: readonly AgentLoad[]
}

/** An agent is to go from one place to another. */
export interface Move {
  readonly agent: string
  readonly from: string
  readonly to: string
}

/** Sums of one place, as far as bounds are concerned. */
interface Weight {
  readonly agents: number
  readonly memoryBytes: number
}

/**
 * Moves agents out of crowded places until these are within their bounds: the largest first, so that few have to move,
 * each to the place that is emptiest with it. No place is made crowded to relieve another; where there is no room, agents
 * stay. The same loads give the same moves.
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

/** How full a place is: 1 is at its bounds, and more is crowded. */
export function fullness({ agents, memoryBytes }: Weight, bounds: PlaceBounds): number {
  const { agents: mostAgents = Number.POSITIVE_INFINITY, memoryBytes: mostBytes = Number.POSITIVE_INFINITY } = bounds
  return Math.max(share(agents, mostAgents), share(memoryBytes, mostBytes))
}

/** A bound of nothing is a place to be left. */
function share(used: number, most: number): number {
  return used === 0 ? 0 : used / most
}

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
