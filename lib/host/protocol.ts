/**
 * What goes over the wire between a client and a data-locality function: an {@link Invocation} in, and either one
 * {@link Reply} or, when the caller asked for a stream, lines of JSON of which the last is the reply.
 */
import * as v from 'valibot'
import { RefusedError, type WireError } from '../errors.ts'
import { MAX_COPIES } from '../limits.ts'
import type { ObjectRead, Progress, SentMessage } from '../sandbox/contract/job.ts'
import type { LossReason, Outcome, Usage } from '../sandbox/contract/outcome.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'

/** The largest bundle that travels inside an invocation; a larger one goes through the region's agent bucket. */
export const MAX_INLINE_BUNDLE_BYTES = 64 * 1024

/** The largest sealed box that travels inside a message; a larger one goes through the regions' agent buckets. */
export const MAX_INLINE_STATE_BYTES = 256 * 1024

/** The largest input, in bytes of JSON. */
export const MAX_INPUT_BYTES = 1024 * 1024

/** Attempts at one landing, the first among them. */
export const MAX_ATTEMPTS = 16

const base64url = (max: number) => v.pipe(v.string(), v.maxLength(max), v.regex(/^[A-Za-z0-9_-]*$/))

const inline = (maxBytes: number) => v.strictObject({ inline: base64url(Math.ceil((maxBytes * 4) / 3) + 2) })
const inBucket = v.strictObject({ sha256: v.pipe(base64url(43), v.length(43)) })
export const stateRef = v.union([inline(MAX_INLINE_STATE_BYTES), inBucket])

const LOSSES = { unreachable: true, refused: true, failed: true } satisfies Record<LossReason, true>
const lost = v.strictObject({ lost: v.picklist(Object.keys(LOSSES) as LossReason[]) })

const InvocationSchema = v.strictObject({
  lander: v.literal(1),
  bundle: v.union([inline(MAX_INLINE_BUNDLE_BYTES), inBucket]),
  /** An envelope; trust parses it. */
  order: v.unknown(),
  /** JSON text, exactly as the order's digest has it. */
  input: v.pipe(v.string(), v.maxLength(MAX_INPUT_BYTES)),
  /** Which of the agent's functions to call, or `resume` to let one go on that is on its way. @default 'run' */
  entry: v.optional(v.picklist(['run', 'merge', 'resume'])),
  /** The sealed box of the agent that is to go on. */
  state: v.optional(stateRef),
  /** What its copies came back with, in the order in which they were sent. */
  answers: v.optional(v.pipe(v.array(v.union([stateRef, lost])), v.maxLength(MAX_COPIES))),
  /**
   * Another attempt at a landing whose last one came to nothing: after its `death`, of which Lambda told, or after
   * `silence`, when it keeps the landing until its function is over. @default the first attempt
   */
  attempt: v.optional(
    v.strictObject({
      number: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
      after: v.picklist(['death', 'silence']),
    }),
  ),
  /** Messages for this landing, signed; an envelope without any says that some may come. @default nobody writes */
  messages: v.optional(v.unknown()),
  /** Ask for progress while the agent works. @default false */
  stream: v.optional(v.boolean()),
})

export type Invocation = v.InferOutput<typeof InvocationSchema>

/** A sealed box: itself, or its digest when it waits in the region's agent bucket. */
export type StateRef = v.InferOutput<typeof stateRef>

/** A copy's answer in a box, or why there is none. */
export type CopyReturn = StateRef | v.InferOutput<typeof lost>

/** Reads an event from the network. @throws RefusedError `REQUEST_MALFORMED` */
export function parseInvocation(event: unknown): Invocation {
  const parsed = v.safeParse(InvocationSchema, event)
  if (parsed.success) return parsed.output
  const path = v.getDotPath(parsed.issues[0]) ?? 'the request'
  throw new RefusedError('REQUEST_MALFORMED', `${path} is not as this version of Lander expects`, {
    remedy: 'use a client of the same version as the fleet',
  })
}

/** A sealed box on its way, and what its carrier needs to know of it. */
export interface SealedState {
  /** The one region that can open it. */
  readonly to: string
  /** Which agent of the mission is in it, and the number of the landing it is for. */
  readonly branch: string
  readonly sequence: number
  /** Size of the box. */
  readonly bytes: number
  readonly stateRef: StateRef
  /** A checkpoint's: the agent went on in the same place by itself, and the box is for its next attempt. */
  readonly goesOn?: true
  /** The agent waits for a message: there is no use in landing it before there is one. */
  readonly waits?: true
}

/** A run that ended by leaving: the agent itself, with copies to be landed before it; or a copy's answer. */
export type SealedDeparture =
  | { readonly kind: 'departed'; readonly agent: SealedState; readonly copies: readonly SealedState[] }
  | { readonly kind: 'departed'; readonly answer: SealedState }

/** What a place answers when a run is over. */
export interface LandingResult<Ending = Outcome> {
  readonly mission: string
  readonly region: string
  /** SHA-256 of the manifest, base64url. */
  readonly manifest: string
  readonly outcome: Ending
  readonly usage: Usage
  readonly logs: readonly string[]
  /** Messages the agent sent; they leave with the landing that sent them. Absent when there are none. */
  readonly sent?: readonly SentMessage[]
  /** Every object version that was read: some 120 bytes each, and what the receipt's digest is held against. */
  readonly reads: readonly ObjectRead[]
  /** What the fleet signed about this run; absent at home. `verifyReceipt` reads it. */
  readonly receipt?: EnvelopeJson
}

/** A settled run, or the reason why there was none. */
export type Reply =
  | {
      readonly landingResult: LandingResult<Outcome | SealedDeparture>
      /** What checkpoints settled before, if the agent made any: each is a landing of its own. */
      readonly earlier?: readonly LandingResult<Outcome | SealedDeparture>[]
    }
  | { readonly error: WireError }

/** One line of a streamed answer. */
export type Frame = { readonly progress: Progress } | Reply

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
  stateRef,
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
  region: v.string(),
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
 * Reads one frame of an answer; `undefined` when it is none. Unknown fields are ignored, so that an older client
 * can talk to a newer fleet.
 */
export function parseFrame(json: unknown): Frame | undefined {
  const parsed = v.safeParse(FRAME, json)
  return parsed.success ? (parsed.output as Frame) : undefined
}
