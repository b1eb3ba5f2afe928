/**
 * What a data-locality function answers: one {@link LandingReply}. A caller who asked for a stream gets lines of JSON,
 * and the last line is the reply.
 */
import * as v from 'valibot'
import type { WireError } from '../errors.ts'
import type { ObjectRead, Progress, SentMessage } from '../sandbox/contract/job.ts'
import type { Outcome, Usage } from '../sandbox/contract/outcome.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'
import { type StateRef, stateRef } from './state-ref.ts'

/** A sealed state that leaves a place, and what the relay needs to know to bring it to the next. */
export interface SealedState {
  /** The only place that can open it. */
  readonly to: string
  /** Which agent of the mission the state belongs to. */
  readonly branch: string
  /** The number of the landing that the state is for. */
  readonly sequence: number
  /** The size of the sealed state. */
  readonly bytes: number
  readonly ref: StateRef
  /** Set for a checkpoint: the agent continues in the same place, and this state is only for a retry. */
  readonly goesOn?: true
  /** The agent waits for a message: the relay need not land it before there is one. */
  readonly waits?: true
}

/** The result of a run that ended by leaving: the agent and its copies, or the answer of a copy. */
export type SealedDeparture =
  /** The copies land first; the agent resumes with their answers. */
  | { readonly kind: 'departed'; readonly agent: SealedState; readonly copies: readonly SealedState[] }
  | { readonly kind: 'departed'; readonly answer: SealedState }

/** What a place reports about one landing. */
export interface LandingResult<Ending = Outcome> {
  readonly mission: string
  /** Where the agent landed: a region, or a client place. */
  readonly place: string
  /** SHA-256 of the manifest, base64url. */
  readonly manifest: string
  readonly outcome: Ending
  readonly usage: Usage
  readonly logs: readonly string[]
  /** Messages that the agent sent during this landing. Absent when there are none. */
  readonly sent?: readonly SentMessage[]
  /** Every object version that the agent read, some 120 bytes each. The receipt contains the digest of this list. */
  readonly reads: readonly ObjectRead[]
  /** The fleet's signature over this result; absent at a client place. `verifyReceipt` reads it. */
  readonly receipt?: EnvelopeJson
}

/** The result of a landing, or the error that prevented it. */
export type LandingReply =
  | {
      readonly landingResult: LandingResult<Outcome | SealedDeparture>
      /** The results of the agent's checkpoints, which are landings of their own. Absent when it made none. */
      readonly earlier?: readonly LandingResult<Outcome | SealedDeparture>[]
    }
  | { readonly error: WireError }

/** One line of a streamed answer. */
export type Frame = { readonly progress: Progress } | LandingReply

const PROGRESS = v.object({
  bytesRead: v.number(),
  objects: v.number(),
  fraction: v.optional(v.number()),
  memoryBytes: v.optional(v.number()),
})
export const WIRE_ERROR = v.object({
  code: v.string(),
  situation: v.picklist(['usage', 'refused', 'object', 'kernel', 'unreachable', 'internal']),
  message: v.string(),
  remedy: v.optional(v.string()),
})
export const USAGE = v.object({
  wallMs: v.number(),
  hostCalls: v.number(),
  bytesRead: v.number(),
  bytesReturned: v.number(),
  logBytes: v.number(),
  memoryPages: v.number(),
  objects: v.number(),
})
const SEALED_STATE = v.object({
  to: v.string(),
  branch: v.string(),
  sequence: v.number(),
  bytes: v.number(),
  ref: stateRef,
  goesOn: v.optional(v.literal(true)),
  waits: v.optional(v.literal(true)),
})
const OUTCOME = v.union([
  v.object({ kind: v.literal('departed'), agent: SEALED_STATE, copies: v.array(SEALED_STATE) }),
  v.object({ kind: v.literal('departed'), answer: SEALED_STATE }),
  v.object({ kind: v.literal('completed'), value: v.any() }),
  v.object({
    kind: v.literal('failed'),
    error: v.object({
      code: v.string(),
      name: v.optional(v.string()),
      message: v.optional(v.string()),
      stack: v.optional(v.string()),
    }),
  }),
  v.object({ kind: v.literal('stopped'), limit: v.string(), message: v.string() }),
])
export const LANDING_RESULT = v.object({
  mission: v.string(),
  place: v.string(),
  manifest: v.string(),
  outcome: OUTCOME,
  usage: USAGE,
  logs: v.array(v.string()),
  sent: v.optional(v.array(v.object({ to: v.string(), body: v.string() }))),
  reads: v.array(
    v.object({ bucket: v.string(), key: v.string(), size: v.number(), etag: v.string(), bytesRead: v.number() }),
  ),
  receipt: v.optional(
    v.object({
      payload: v.string(),
      payloadType: v.string(),
      signatures: v.array(v.object({ keyid: v.string(), sig: v.string() })),
    }),
  ),
})
const FRAME = v.union([
  v.object({ progress: PROGRESS }),
  v.object({ landingResult: LANDING_RESULT, earlier: v.optional(v.array(LANDING_RESULT)) }),
  v.object({ error: WIRE_ERROR }),
])

/**
 * Reads one line of an answer; `undefined` for anything else. Unknown fields are ignored, so an older client can talk
 * to a newer fleet.
 */
export function parseFrame(json: unknown): Frame | undefined {
  const parsed = v.safeParse(FRAME, json)
  return parsed.success ? (parsed.output as Frame) : undefined
}
