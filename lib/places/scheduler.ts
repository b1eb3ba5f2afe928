import { UsageError } from '../errors.ts'
import type { AgentHandle } from './agent-handle.ts'
import type { Launcher } from './launcher.ts'
import { type AgentLoad, type Move, type PlaceBounds, type PlaceLoad, planMoves } from './plan-moves.ts'

/** Options of {@link createScheduler}. */
export interface SchedulerOptions {
  readonly launcher: Launcher
  /** The capacity of each place, by name. The scheduler moves no agents from or to other places. */
  readonly bounds: Readonly<Record<string, PlaceBounds>>
  /** Milliseconds between two checks. @default 250 */
  readonly everyMs?: number
  /** Called with every move that the scheduler requests. */
  readonly onMove?: (move: Move) => void
  /** A clock in milliseconds. @default performance.now */
  readonly now?: () => number
}

/** Moves agents out of crowded places, periodically and on request. Disposing it ends the periodic checks. */
export interface Scheduler extends Disposable {
  /** The current load of each place. */
  readonly loads: readonly PlaceLoad[]
  /** Moves agents out of crowded places now. Resolves when they have moved or ended. */
  balance(): Promise<readonly Move[]>
}

/** An agent that has not moved after this time never awaits. The scheduler then moves another agent. */
const PATIENCE_MS = 1000

interface RunningMove {
  readonly to: string
  readonly since: number
}

/**
 * Creates a scheduler that watches the load of a launcher's places. When a place gets crowded, it snapshots some of its
 * agents and restores them in other places. The agents notice only that `here` changed.
 *
 * @throws UsageError `USAGE` for bounds of a place that the launcher does not have
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
  const runningMoves = new Map<string, RunningMove>()
  const loads = () => loadsOf(launcher.agents, bounds, runningMoves, now())

  async function move({ agent: name, to }: Move): Promise<void> {
    runningMoves.set(name, { to, since: now() })
    await launcher.agents.find((agent) => agent.name === name)?.move(to)
    runningMoves.delete(name)
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
  throw new UsageError('USAGE', `there are bounds for "${unknown}", which is not a place of the launcher`, {
    remedy: `name one of ${places.map(({ name }) => name).join(', ')}`,
  })
}

/** A moving agent counts in its target place. If it does not get away in time, it counts in its old place too. */
function loadsOf(
  agents: readonly AgentHandle[],
  bounds: SchedulerOptions['bounds'],
  runningMoves: ReadonlyMap<string, RunningMove>,
  now: number,
): PlaceLoad[] {
  const running = agents.filter(({ progress }) => !progress.waits)
  return Object.entries(bounds).map(([place, bound]) => ({
    place,
    bounds: bound,
    agents: running.flatMap(({ name, progress }): AgentLoad[] => {
      const { memoryBytes } = progress
      const move = runningMoves.get(name)
      if (move === undefined) return progress.place === place ? [{ name, memoryBytes, movable: true }] : []
      const stuck = now - move.since > PATIENCE_MS && progress.place === place
      return move.to === place || stuck ? [{ name, memoryBytes, movable: false }] : []
    }),
  }))
}
