import { UsageError } from '../errors.ts'
import type { AgentHandle } from './agent-handle.ts'
import type { Launcher } from './launcher.ts'
import { type AgentLoad, type Move, type PlaceBounds, type PlaceLoad, planMoves } from './plan-moves.ts'

/** What a scheduler watches, and what it keeps to. */
export interface SchedulerOptions {
  readonly launcher: Launcher
  /** How much each place is to carry, by name. Places without an entry are left alone, and nobody is moved there. */
  readonly bounds: Readonly<Record<string, PlaceBounds>>
  /** How often it looks, in milliseconds. @default 250 */
  readonly everyMs?: number
  /** Told of every move that is asked for. */
  readonly onMove?: (move: Move) => void
  /** A clock in milliseconds. @default performance.now */
  readonly now?: () => number
}

/** Relieves crowded places, from time to time and when asked to. Dispose it to end that. */
export interface Scheduler extends Disposable {
  /** Looks now: what each place carries. */
  readonly loads: readonly PlaceLoad[]
  /** Asks agents to leave places that are crowded now; resolves once they have, or have ended. */
  balance(): Promise<readonly Move[]>
}

/** An agent that has not left by then computes without ever waiting: somebody else has to go. */
const PATIENCE_MS = 1000

interface Leaving {
  readonly to: string
  readonly since: number
}

/**
 * Watches what the places of a launcher carry. When one grows crowded, it freezes some of its agents and has them go on
 * elsewhere; they notice nothing but `here`.
 *
 * @throws UsageError `USAGE` for bounds of a place that the launcher has not
 *
 * @example
 * using scheduler = createScheduler({
 *   launcher,
 *   bounds: { tasklet: { agents: 100, memoryBytes: 512e6 }, process: { agents: 8 } },
 * })
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { launcher, bounds, everyMs = 250, onMove, now = () => performance.now() } = options
  requirePlaces(Object.keys(bounds), launcher)
  const leaving = new Map<string, Leaving>()
  const loads = () => loadsOf(launcher.agents, bounds, leaving, now())

  async function move({ agent: name, to }: Move): Promise<void> {
    leaving.set(name, { to, since: now() })
    await launcher.agents.find((agent) => agent.name === name)?.move(to)
    leaving.delete(name)
  }

  async function balance(): Promise<readonly Move[]> {
    const moves = planMoves(loads())
    const moving = moves.map(move)
    for (const planned of moves) onMove?.(planned)
    await Promise.all(moving)
    return moves
  }

  const timer = setInterval(() => void balance(), everyMs)
  timer.unref()
  return {
    get loads() {
      return loads()
    },
    balance,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

function requirePlaces(named: readonly string[], { places }: Launcher): void {
  const unknown = named.find((name) => !places.some((place) => place.name === name))
  if (unknown === undefined) return
  throw new UsageError('USAGE', `there are bounds for "${unknown}", which is no place of the launcher`, {
    remedy: `name one of ${places.map(({ name }) => name).join(', ')}`,
  })
}

/** One that is about to leave weighs where it goes; one that does not come away weighs where it is as well. */
function loadsOf(
  agents: readonly AgentHandle[],
  bounds: SchedulerOptions['bounds'],
  leaving: ReadonlyMap<string, Leaving>,
  now: number,
): PlaceLoad[] {
  const awake = agents.filter(({ progress }) => !progress.waits)
  return Object.entries(bounds).map(([place, bound]) => ({
    place,
    bounds: bound,
    agents: awake.flatMap(({ name, progress }): AgentLoad[] => {
      const { memoryBytes } = progress
      const going = leaving.get(name)
      if (going === undefined) return progress.place === place ? [{ name, memoryBytes, movable: true }] : []
      const stuck = now - going.since > PATIENCE_MS && progress.place === place
      return going.to === place || stuck ? [{ name, memoryBytes, movable: false }] : []
    }),
  }))
}
