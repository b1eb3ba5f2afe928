import type { Json } from '../../encoding/json.ts'
import type { LimitName } from '../../limits.ts'

/** How a run ended. A value, never a throw: the agent's failure is not the host's. */
export type Outcome =
  | { readonly kind: 'completed'; readonly value: Json }
  | { readonly kind: 'failed'; readonly error: AgentFailure }
  | { readonly kind: 'stopped'; readonly limit: StopReason; readonly message: string }

/** The agent is on its way: frozen, and not sealed yet. */
export interface Departure {
  readonly kind: 'departed'
  readonly destination: Destination
  readonly state: Uint8Array
}

export type Destination =
  /** The agent goes there. */
  | { readonly kind: 'hop'; readonly to: string }
  /** Copies go there, one for each; the agent waits for them where it is. */
  | { readonly kind: 'scatter'; readonly to: readonly string[] }
  /** The place sends it away before its own time is up; it goes on in the same region. */
  | {
      readonly kind: 'stay'
      /** It waits for a message, and has nothing to do before. */
      readonly waits?: boolean
    }

/** What a copy of an agent is answered with: how its run ended, or that it could not land. */
export type CopyAnswer = Outcome | { readonly kind: 'lost'; readonly reason: LossReason }

/** Why a copy has no answer: its place did not answer, let it in, or bring it to an end. */
export type LossReason = 'unreachable' | 'refused' | 'failed'

/** `limit` names the limit that was hit; `stack` is the engine's call stack, `cancelled` the caller's own wish. */
export type StopReason = LimitName | 'stack' | 'cancelled'

/** What ended a failed run, in the agent’s own words as far as they are known. */
export interface AgentFailure {
  /** A stable code: `AGENT_THREW`, or the code of the `ObjectError` the agent let through. */
  readonly code: string
  /** The guest's own words, as far as `errorBytes` allows. */
  readonly name?: string
  readonly message?: string
  readonly stack?: string
}

/** What a run used, counted by the host. */
export interface Usage {
  readonly wallMs: number
  readonly hostCalls: number
  /** Bytes read from objects. */
  readonly bytesRead: number
  /** Bytes of result, error text and logs that leave. */
  readonly bytesReturned: number
  readonly logBytes: number
  readonly memoryPages: number
  /** Objects opened. */
  readonly objects: number
}
/** Where an agent and its copies go; each is one hop. */

export function destinationsOf(destination: Destination): readonly string[] {
  if (destination.kind === 'stay') return []
  return destination.kind === 'hop' ? [destination.to] : destination.to
}
