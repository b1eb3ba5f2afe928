/**
 * What the sandbox and its executor say to each other. Everything an agent reads is a *stream*: the bytes of an
 * object, a listing, one stat. The executor opens a stream and pulls; each pull is answered by one chunk, so nothing
 * travels that nobody asked for.
 *
 * The executor's side may be in the agent's hands, so the sandbox parses and bounds every message
 * ({@link parseFromExecutor}) and takes none out of turn.
 */
import * as v from 'valibot'
import type { KernelCode } from '../../errors.ts'
import { type Limits, MAX_COPIES } from '../../limits.ts'
import type { Message } from '../../trust/messages.ts'
import type { AgentContext } from '../contract/agent-context.ts'
import type { Job } from '../contract/job.ts'
import type { Resume } from '../contract/resume.ts'

/** Bytes of an object that one pull is answered with, at most. */
export const CHUNK_BYTES = 1024 * 1024
/** The same, where the chunk is put into the file that a sandbox shares with its executor. */
export const FILED_CHUNK_BYTES = 2 * CHUNK_BYTES
/** Places for chunks in that file: enough for five streams; what further streams read comes through the pipe. */
export const CHUNK_PLACES = 16
/** Pulls in flight per stream: one chunk to work on, one on its way. */
export const STREAM_WINDOW = 2
/** Streams open at the same time: with {@link STREAM_WINDOW}, and a chunk in hand, the executor's buffers stay below 384 MiB. */
export const MAX_STREAMS = 128
/** Kernels that a run waits for at the same time. */
export const MAX_KERNEL_REQUESTS = 256
/** Objects in one page of a listing. */
export const PAGE_OBJECTS = 1000
/** Bytes of a message's JSON header: room for a key of 1,024 characters, escaped. */
export const HEADER_BYTES = 32 * 1024

/** What a stream delivers. Lists and stats name things the agent's way: a key, or `s3://bucket/key`. */
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
/** Where in the shared file the chunk may be put that is asked for; absent, it comes as a body. */
const place = v.optional(v.pipe(count, v.maxValue(CHUNK_PLACES - 1)))
const fromExecutor = v.variant('type', [
  v.strictObject({ ...base, type: v.literal('started') }),
  v.strictObject({ ...base, type: v.literal('open'), stream: count, source: streamSource, place }),
  v.strictObject({ ...base, type: v.literal('pull'), stream: count, place }),
  v.strictObject({ ...base, type: v.literal('close'), stream: count }),
  v.strictObject({ ...base, type: v.literal('log') }),
  /** A message of the agent: its body is JSON. */
  v.strictObject({ ...base, type: v.literal('send'), to: v.pipe(name, v.maxLength(128)) }),
  /** The engine's memory has grown to so many pages. */
  v.strictObject({ ...base, type: v.literal('memory'), pages: count }),
  v.strictObject({ ...base, type: v.literal('kernel'), call: count, name }),
  /** Its body is source. */
  v.strictObject({ ...base, type: v.literal('compile'), call: count, language: v.picklist(['c', 'assemblyscript']) }),
  v.strictObject({ ...base, type: v.literal('progress'), fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) }),
  /** A checkpoint: its body is the state. The executor sends no other before it is told that this one is kept. */
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
    /** Of a departure: where the agent goes, where its copies go, or neither: it stays and wants a new landing. */
    hop: v.optional(name),
    copies: v.optional(v.pipe(v.array(name), v.maxLength(MAX_COPIES))),
    /** It stays since it waits for a message. */
    waits: v.optional(v.literal(true)),
  }),
])

/** A message of the executor. `log` carries its text as body, `end` the result or the failure as JSON, or the state. */
export type FromExecutor = v.InferOutput<typeof fromExecutor>
export type EndMessage = Extract<FromExecutor, { type: 'end' }>
export type EndKind = EndMessage['kind']

/** @throws v.ValiError if the header is not a message of the executor */
export function parseFromExecutor(header: unknown): FromExecutor {
  return v.parse(fromExecutor, header)
}

/**
 * Everything a run needs, but for the objects. Its body is the agent's module followed by the input, or by the state of
 * an agent that lands in the middle of its work.
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
  /** Whether the bundle has kernels: an agent's module has them at hand from its first line. */
  readonly kernels: boolean
  readonly limits: Limits
  /** Bytes of the module at the start of the body. */
  readonly mainBytes: number
  /** Messages for the agent. Absent when nobody writes to it. */
  readonly messages?: readonly Message[]
  /** How an agent that is on its way goes on here. Absent when it starts. */
  readonly resume?: Resume
}

/** The answer to a pull. It carries the bytes as body, or says how many of them lie in the place that the pull named. */
export interface ChunkMessage {
  readonly type: 'chunk'
  readonly run: number
  readonly stream: number
  readonly last: boolean
  readonly filed?: number
}

/** A message to the executor. `leave` asks the agent to depart as soon as it waits. */
export type ToExecutor =
  | RunMessage
  | { readonly type: 'evict'; readonly run: number }
  /** The last checkpoint is kept. */
  | { readonly type: 'kept'; readonly run: number }
  /** The binary that was asked for is its body. */
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
