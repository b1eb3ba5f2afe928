/** An agent that was launched, as whoever launched it sees it: the same in every place. */
import type { Json } from '../encoding/json.ts'
import { UsageError, type WireError } from '../errors.ts'
import type { LostLanding, RouteStep } from '../relay/relay.ts'
import type { Outcome } from '../sandbox/contract/outcome.ts'

/** How an agent ended, and the way it went. */
export interface AgentEnd {
  /** Absent when something kept it from an end. */
  readonly outcome?: Outcome
  /** What that was. */
  readonly error?: WireError
  /** Its landings, and those of its copies, in the order in which they ended. */
  readonly route: readonly RouteStep[]
  /** Places that died, or fell silent, while it was there. */
  readonly lost: readonly LostLanding[]
  /** Bytes that crossed links: none among places of this machine. */
  readonly bytesMoved: number
}

/** How far an agent has come. */
export interface AgentProgress {
  /** Where it is, or was last. */
  readonly place: string
  /** Landings so far, the one under way among them. */
  readonly landings: number
  /** Whether it waits for a message, frozen. */
  readonly waits: boolean
  /** In its landing: bytes read, and objects opened. */
  readonly bytesRead: number
  readonly objects: number
  /** From 0 to 1, if it is known. */
  readonly fraction?: number
  /** The engine's memory as the agent last left or grew it. */
  readonly memoryBytes: number
}

/** An agent was frozen, and goes on. */
export interface SnapshotAt {
  /** Where it goes on. */
  readonly place: string
  /** Number of the landing that follows. */
  readonly sequence: number
  /** Size of its sealed state. */
  readonly bytes: number
}

/** An agent that was launched. */
export interface AgentHandle {
  /** What other agents of this launcher call it. */
  readonly name: string
  readonly mission: string
  /** How it ended. Never rejects. */
  readonly result: Promise<AgentEnd>
  readonly progress: AgentProgress
  /**
   * Sends it a message: its next `receive()` gets it.
   *
   * @throws UsageError `LIMIT_REACHED` when too many wait, `INPUT_INVALID` for what has no JSON
   */
  send(message: Json): void
  /** The next message it has sent to its launcher; `undefined` once it has ended and none is left. */
  receive(): Promise<Json | undefined>
  /**
   * Freezes it at its next await, and has it go on where it is. In a region it can't be asked in the middle of a landing:
   * there it is its next departure that counts. `undefined` if it ended before.
   */
  checkpoint(): Promise<SnapshotAt | undefined>
  /**
   * Freezes it at its next await, and has it go on in another place of the sender's own, or in a region. It keeps what it
   * was reading among places of the sender's own. `undefined` if it ended before. Where it may not go there, it goes on
   * where it is, and the answer says so.
   *
   * @throws UsageError `USAGE` for a place the launcher has not
   */
  move(place: string): Promise<SnapshotAt | undefined>
  /** Ends it: its outcome is `stopped`, by `cancelled`. */
  cancel(): void
}

/** A message as it travels. @throws UsageError `INPUT_INVALID` */
export function messageText(message: Json): string {
  const text = JSON.stringify(message)
  if (text !== undefined) return text
  throw new UsageError('INPUT_INVALID', 'a message must be JSON', {
    remedy: 'send null, a number, text, or what holds them',
  })
}
