import type { Json } from '../../encoding/json.ts'
import type { LimitName } from '../../limits.ts'

/** How a run ended. The agent's failure is a value, not an exception of the host. */
export type Outcome =
  | { readonly kind: 'completed'; readonly value: Json }
  | { readonly kind: 'failed'; readonly error: AgentFailure }
  | { readonly kind: 'stopped'; readonly limit: StopReason; readonly message: string }

/** The run ended because the agent leaves. Its snapshot is not sealed yet. */
export interface Departure {
  readonly kind: 'departed'
  readonly destination: Destination
  readonly state: Uint8Array
}

export type Destination =
  /** The agent moves to this place. */
  | { readonly kind: 'hop'; readonly to: string }
  /** One copy goes to each of these places. The agent waits for their answers in its own place. */
  | { readonly kind: 'scatter'; readonly to: readonly string[] }
  /** The place evicts the agent, which continues in a new landing in the same place. */
  | {
      readonly kind: 'stay'
      /** The agent waits only for a message, so it need not land before there is one. */
      readonly waits?: boolean
    }

/** The answer of a copy: how its run ended, or why it was lost. */
export type CopyAnswer = Outcome | { readonly kind: 'lost'; readonly reason: LossReason }

/** Why a copy has no answer: its place did not respond, did not admit it, or failed. */
export type LossReason = 'unreachable' | 'refused' | 'failed'

/** The limit that stopped a run. `stack` is the engine's call stack; `cancelled` means that the caller stopped it. */
export type StopReason = LimitName | 'stack' | 'cancelled'

/** The error that ended a failed run. */
export interface AgentFailure {
  /** A stable code: `AGENT_THREW`, or the code of the `ObjectError` the agent let through. */
  readonly code: string
  /** The guest's texts, cut to `errorBytes` in total. */
  readonly name?: string
  readonly message?: string
  readonly stack?: string
}

/** What a run used, as counted by the host. */
export interface Usage {
  readonly wallMs: number
  readonly hostCalls: number
  /** Bytes read from objects. */
  readonly bytesRead: number
  /** Bytes of result, error text, messages and logs that leave the place. */
  readonly bytesReturned: number
  readonly logBytes: number
  readonly memoryPages: number
  /** How many objects were opened. */
  readonly objects: number
}

/** The places that an agent or its copies go to. Each counts as one hop. */
export function destinationsOf(destination: Destination): readonly string[] {
  if (destination.kind === 'stay') return []
  return destination.kind === 'hop' ? [destination.to] : destination.to
}
