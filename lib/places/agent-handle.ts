/** The handle of a launched agent. It is the same for every kind of place. */
import type { Json } from '../encoding/json.ts'
import { UsageError, type WireError } from '../errors.ts'
import type { LostLanding, RouteStep } from '../relay/relay.ts'
import type { Outcome } from '../sandbox/contract/outcome.ts'

/** How an agent ended, and its landings. */
export interface AgentEnd {
  /** Absent if an error ended the mission. */
  readonly outcome?: Outcome
  /** The error that ended the mission. */
  readonly error?: WireError
  /** The landings of the agent and of its copies, in the order in which they ended. */
  readonly route: readonly RouteStep[]
  /** Landings that failed because their place crashed or stopped answering. */
  readonly lost: readonly LostLanding[]
  /** Bytes that were sent to and from regions. Moves between places of the client send none. */
  readonly bytesMoved: number
}

/** The progress of an agent. */
export interface AgentProgress {
  /** The agent's current or last place. */
  readonly place: string
  /** The number of landings so far, including the current one. */
  readonly landings: number
  /** Whether the agent is suspended and waits for a message. */
  readonly waits: boolean
  /** The bytes read and the objects opened in the current landing. */
  readonly bytesRead: number
  readonly objects: number
  /** The progress that the agent reported, from 0 to 1. Absent if it reported none. */
  readonly fraction?: number
  /** The last known size of the engine's memory. */
  readonly memoryBytes: number
}

/** A snapshot of an agent, from which its next landing starts. */
export interface SnapshotAt {
  /** The place of the next landing. */
  readonly place: string
  /** The number of the next landing. */
  readonly sequence: number
  /** The size of the sealed state in bytes. */
  readonly bytes: number
}

/** A launched agent. */
export interface AgentHandle {
  /** The name by which other agents of this launcher send it messages. */
  readonly name: string
  readonly mission: string
  /** How the agent ended. It never rejects. */
  readonly result: Promise<AgentEnd>
  readonly progress: AgentProgress
  /**
   * Sends the agent a message, which its next `receive()` returns.
   *
   * @throws UsageError `LIMIT_REACHED` if too many messages wait; `INPUT_INVALID` if the message is not JSON
   */
  send(message: Json): void
  /** The next message from the agent to its launcher; `undefined` if it has ended and no message is left. */
  receive(): Promise<Json | undefined>
  /**
   * Snapshots the agent at its next await, and lets it continue. A landing in a region can't be interrupted, so there the
   * snapshot is made when the agent departs. `undefined` if the agent ended before.
   */
  checkpoint(): Promise<SnapshotAt | undefined>
  /**
   * Snapshots the agent at its next await and restores it in another place. Between places of the client, open reads
   * continue. `undefined` if the agent ended before. If it may not run in that place, it continues where it is, and the
   * result names that place.
   *
   * @throws UsageError `USAGE` for a place that the launcher does not have
   */
  move(place: string): Promise<SnapshotAt | undefined>
  /** Stops the agent. Its outcome is then `stopped` with the limit `cancelled`. */
  cancel(): void
}

/** The JSON text of a message. @throws UsageError `INPUT_INVALID` */
export function messageText(message: Json): string {
  const text = JSON.stringify(message)
  if (text !== undefined) return text
  throw new UsageError('INPUT_INVALID', 'a message must be JSON', {
    remedy: 'send null, a boolean, a number, a string, or an array or object of these',
  })
}
