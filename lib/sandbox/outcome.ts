import type { Json } from '../encoding/json.ts'
import type { LimitName } from '../limits.ts'

/** How a run ended. A value, never a throw: the agent's failure is not the host's. */
export type Outcome =
  | { readonly kind: 'completed'; readonly value: Json }
  | { readonly kind: 'failed'; readonly error: AgentFailure }
  | { readonly kind: 'stopped'; readonly limit: StopReason; readonly message: string }

/** `limit` names the limit that was hit; `stack` is the engine's call stack, `cancelled` the caller's own wish. */
export type StopReason = LimitName | 'stack' | 'cancelled'

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
