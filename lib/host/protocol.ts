/**
 * What goes over the wire between a client and a data-locality function: an {@link Invocation} in, and either one
 * {@link Reply} or, when the caller asked for a stream, lines of JSON of which the last is the reply.
 */
import * as v from 'valibot'
import { RefusedError, type WireError } from '../errors.ts'
import type { ObjectRead, Progress } from '../sandbox/job.ts'
import type { Outcome, Usage } from '../sandbox/outcome.ts'
import type { EnvelopeJson } from '../trust/envelope.ts'

/** The largest bundle that travels inside an invocation; a larger one goes through the region's agent bucket. */
export const MAX_INLINE_BUNDLE_BYTES = 64 * 1024

/** The largest input, in bytes of JSON. */
export const MAX_INPUT_BYTES = 1024 * 1024

const base64url = (max: number) => v.pipe(v.string(), v.maxLength(max), v.regex(/^[A-Za-z0-9_-]*$/))

const InvocationSchema = v.strictObject({
  lander: v.literal(1),
  bundle: v.union([
    v.strictObject({ inline: base64url(Math.ceil((MAX_INLINE_BUNDLE_BYTES * 4) / 3) + 2) }),
    v.strictObject({ sha256: v.pipe(base64url(43), v.length(43)) }),
  ]),
  /** An envelope; trust parses it. */
  order: v.unknown(),
  /** JSON text, exactly as the order's digest has it. */
  input: v.pipe(v.string(), v.maxLength(MAX_INPUT_BYTES)),
  /** Which of the agent's functions to call. @default 'run' */
  entry: v.optional(v.picklist(['run', 'merge'])),
  /** Ask for progress while the agent works. @default false */
  stream: v.optional(v.boolean()),
})

export type Invocation = v.InferOutput<typeof InvocationSchema>

/** Reads an event from the network. @throws RefusedError `REQUEST_MALFORMED` */
export function parseInvocation(event: unknown): Invocation {
  const parsed = v.safeParse(InvocationSchema, event)
  if (parsed.success) return parsed.output
  const path = v.getDotPath(parsed.issues[0]) ?? 'the request'
  throw new RefusedError('REQUEST_MALFORMED', `${path} is not as this version of Lander expects`, {
    remedy: 'use a client of the same version as the fleet',
  })
}

/** What a place answers when a run is over. */
export interface Settlement {
  readonly mission: string
  readonly region: string
  /** SHA-256 of the statement, base64url. */
  readonly statement: string
  readonly outcome: Outcome
  readonly usage: Usage
  readonly logs: readonly string[]
  readonly reads: readonly ObjectRead[]
  /** What the fleet signed about this run; absent at home. `verifyReceipt` reads it. */
  readonly receipt?: EnvelopeJson
}

/** A settled run, or the reason why there was none. */
export type Reply = { readonly settlement: Settlement } | { readonly error: WireError }

/** One line of a streamed answer. */
export type Frame = { readonly progress: Progress } | Reply

const PROGRESS = v.object({ bytesRead: v.number(), objects: v.number(), fraction: v.optional(v.number()) })
export const WIRE_ERROR = v.object({
  code: v.string(),
  situation: v.picklist(['usage', 'refused', 'object', 'unreachable', 'internal']),
  message: v.string(),
  remedy: v.optional(v.string()),
})
const USAGE = v.object({
  wallMs: v.number(),
  hostCalls: v.number(),
  bytesRead: v.number(),
  bytesReturned: v.number(),
  logBytes: v.number(),
  memoryPages: v.number(),
  objects: v.number(),
})
const OUTCOME = v.variant('kind', [
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
const SETTLEMENT = v.object({
  mission: v.string(),
  region: v.string(),
  statement: v.string(),
  outcome: OUTCOME,
  usage: USAGE,
  logs: v.array(v.string()),
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
  v.object({ settlement: SETTLEMENT }),
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
