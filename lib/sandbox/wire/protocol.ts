/**
 * The protocol between the sandbox and its executor. Everything that an agent reads is a *stream*: the bytes of an
 * object, a listing, or one stat. The executor opens a stream and pulls. Each pull is answered with one chunk, which
 * gives backpressure.
 *
 * An agent may have taken over the executor, so the sandbox parses and bounds every message ({@link parseFromExecutor})
 * and accepts none at the wrong time.
 */
import * as v from 'valibot'
import type { KernelCode } from '../../errors.ts'
import { type Limits, MAX_COPIES } from '../../limits.ts'
import type { Message } from '../../trust/messages.ts'
import type { AgentContext } from '../contract/agent-context.ts'
import type { Job } from '../contract/job.ts'
import type { Resume } from '../contract/resume.ts'

/** The largest chunk of an object. */
export const CHUNK_BYTES = 1024 * 1024
/** The largest chunk that goes through the file which sandbox and executor share. */
export const FILED_CHUNK_BYTES = 2 * CHUNK_BYTES
/** The places for chunks in that file: enough for five streams. The chunks of further streams go through the pipe. */
export const CHUNK_PLACES = 16
/** The pulls in flight per stream: one chunk is processed while the next one is read. */
export const STREAM_WINDOW = 2
/**
 * The most open streams: with {@link STREAM_WINDOW} and one chunk in use, the executor's buffers stay below 384 MiB.
 */
export const MAX_STREAMS = 128
/** The most kernels that a run waits for at the same time. */
export const MAX_KERNEL_REQUESTS = 256
/** The objects in one page of a listing. */
export const PAGE_OBJECTS = 1000
/** The largest JSON header of a message: it has room for an escaped key of 1,024 characters. */
export const HEADER_BYTES = 32 * 1024

/** What a stream delivers. Lists and stats use the agent's names: a key, or `s3://bucket/key`. */
export type StreamSource = v.InferOutput<typeof streamSource>

const offset = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const name = v.pipe(v.string(), v.maxLength(4096))

export const streamSource = v.variant('from', [
  v.strictObject({ from: v.literal('object'), bucket: name, key: name, etag: name, start: offset, end: offset }),
  v.strictObject({ from: v.literal('list'), prefix: name }),
  v.strictObject({ from: v.literal('stat'), name }),
])

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const base = { run: count }
/** Where in the shared file to put the chunk. If absent, the chunk comes as a body. */
const place = v.optional(v.pipe(count, v.maxValue(CHUNK_PLACES - 1)))
const fromExecutor = v.variant('type', [
  v.strictObject({ ...base, type: v.literal('started') }),
  v.strictObject({ ...base, type: v.literal('open'), stream: count, source: streamSource, place }),
  v.strictObject({ ...base, type: v.literal('pull'), stream: count, place }),
  v.strictObject({ ...base, type: v.literal('close'), stream: count }),
  v.strictObject({ ...base, type: v.literal('log') }),
  /** A message of the agent. Its body is JSON. */
  v.strictObject({ ...base, type: v.literal('send'), to: v.pipe(name, v.maxLength(128)) }),
  /** The engine's memory has grown to this many pages. */
  v.strictObject({ ...base, type: v.literal('memory'), pages: count }),
  v.strictObject({ ...base, type: v.literal('kernel'), call: count, name }),
  /** Its body is the source. */
  v.strictObject({ ...base, type: v.literal('compile'), call: count, language: v.picklist(['c', 'assemblyscript']) }),
  v.strictObject({ ...base, type: v.literal('progress'), fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) }),
  /** A checkpoint. Its body is the snapshot. The executor sends the next one only after `saved`. */
  v.strictObject({ ...base, type: v.literal('checkpoint'), memoryPages: count }),
  v.strictObject({
    ...base,
    type: v.literal('end'),
    kind: v.picklist([
      'completed',
      'departed',
      'failed',
      'wallMs',
      'memoryPages',
      'resultBytes',
      'logBytes',
      'stateBytes',
      'stack',
    ]),
    memoryPages: count,
    healthy: v.boolean(),
    /** For a departure: where the agent goes, or where its copies go. If both are absent, it was evicted or waits. */
    hop: v.optional(name),
    copies: v.optional(v.pipe(v.array(name), v.maxLength(MAX_COPIES))),
    /** The agent departs because it waits for a message. */
    waits: v.optional(v.literal(true)),
  }),
])

/**
 * A message of the executor. The body of `log` is a text; that of `end` is a result or a failure as JSON, or a
 * snapshot.
 */
export type FromExecutor = v.InferOutput<typeof fromExecutor>
export type EndMessage = Extract<FromExecutor, { type: 'end' }>
export type EndKind = EndMessage['kind']

/** @throws v.ValiError if the header is not a message of the executor */
export function parseFromExecutor(header: unknown): FromExecutor {
  return v.parse(fromExecutor, header)
}

/**
 * Everything that a run needs except the objects. Its body is the agent's module, followed by the input or by the
 * snapshot of an agent that resumes.
 */
export interface RunMessage {
  readonly type: 'run'
  readonly run: number
  readonly entry: Job['entry']
  readonly context: AgentContext
  readonly now: number
  /** Four 32-bit words for the agent's `Math.random`. */
  readonly seed: readonly number[]
  readonly compiles: boolean
  /** Whether the bundle has kernels. They are loaded before the agent's module, which may use them at once. */
  readonly kernels: boolean
  readonly limits: Limits
  /** The size of the module at the start of the body. */
  readonly mainBytes: number
  /** Messages for the agent. Absent if nobody sends messages to it. */
  readonly messages?: readonly Message[]
  /** For an agent that resumes. Absent if it starts here. */
  readonly resume?: Resume
}

/**
 * The answer to a pull. The bytes are the body, or `filed` bytes lie in the place of the shared file that the pull
 * named.
 */
export interface ChunkMessage {
  readonly type: 'chunk'
  readonly run: number
  readonly stream: number
  readonly last: boolean
  readonly filed?: number
}

/** A message to the executor. `evict` makes the agent depart as soon as it waits. */
export type ToExecutor =
  | RunMessage
  | { readonly type: 'evict'; readonly run: number }
  /** The last checkpoint has been saved. */
  | { readonly type: 'saved'; readonly run: number }
  /** The body is the requested binary. */
  | { readonly type: 'kernel'; readonly run: number; readonly call: number }
  | {
      readonly type: 'kernel-fault'
      readonly run: number
      readonly call: number
      readonly code: KernelCode
      readonly message: string
    }
  | ChunkMessage
  | {
      readonly type: 'fault'
      readonly run: number
      readonly stream: number
      readonly code: string
      readonly message: string
    }
