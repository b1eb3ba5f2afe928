/**
 * A snapshot of a machine as bytes: how its memory differs from the base image, and notes on what the executor kept for
 * the guest.
 *
 *     state = length of the notes, 4 bytes | notes as JSON | length of the runs, 4 bytes | runs | words
 *
 * Lengths are big-endian. `engine/memory-difference.ts` makes and applies runs and words. Nothing here is sealed: the
 * host does that on its side of the wall, in `lib/trust/state`.
 */
import * as v from 'valibot'
import type { Message } from '../../trust/messages.ts'
import type { HeldAnswer } from './held-answer.ts'
import { type KernelNote, kernelNote } from './kernel-source.ts'
import { streamSource } from './protocol.ts'
import type { Format, ReaderNote } from './reader-note.ts'

const LENGTH_BYTES = 4
const MAX_NOTES_BYTES = 16 * 1024 * 1024

/** The engine's memory as a difference to its base image. */
export interface MemoryDifference {
  /** The SHA-256 of the base image, base64url. The difference applies only to this image. */
  readonly base: string
  /** The size of the whole memory. */
  readonly bytes: number
  /** The positions of the changed words. */
  readonly runs: Uint8Array
  /** The changed words. */
  readonly words: Uint8Array
}

/** What the agent waits for, with the numbers of its calls. */
export type Waiting =
  /** A hop, or a checkpoint. */
  | { readonly kind: 'hop'; readonly call: number }
  /** Copies of the agent. Each runs the task `entry`, and its answer settles `call`. */
  | { readonly kind: 'scatter'; readonly calls: readonly CopyCall[] }
  /** Nothing: the place has evicted the agent. */
  | { readonly kind: 'stay' }

export interface CopyCall {
  readonly call: number
  /** The number of the task in the guest's table. */
  readonly entry: number
  readonly to: string
}

/** A stream that the guest had open: its number, and where the next reader continues. */
export interface StreamNote extends ReaderNote {
  readonly stream: number
  /** The call of the guest that waits for the next batch. */
  readonly call: number | null
  /** The chunk that the guest was using: the bytes before the next ones. */
  readonly chunk?: { readonly number: number; readonly bytes: number } | undefined
}

/** A pending timer. */
export interface TimerNote {
  readonly call: number
  /** The milliseconds until it fires. */
  readonly ms: number
}

/** What the executor keeps for the guest, so that another place can resume it. */
export interface Notes {
  readonly waiting: Waiting
  /** The time that the guest has seen. Its clock must not go backwards. */
  readonly now: number
  readonly timers: readonly TimerNote[]
  readonly streams: readonly StreamNote[]
  /** Streams that were open in places that the agent has left: their numbers, and the places. */
  readonly leftBehind: readonly (readonly [stream: number, place: string])[]
  readonly inbox?: InboxNote | undefined
  /** The kernels that the agent defined at run time. */
  readonly kernels?: readonly KernelNote[] | undefined
  /** Answers to calls that arrived while the agent was being evicted. */
  readonly held?: readonly HeldAnswer[] | undefined
}

/** Unread messages, and calls that wait for a message. At least one of the two lists is empty. */
export interface InboxNote {
  readonly messages: readonly Message[]
  readonly receivers: readonly number[]
}

export interface Snapshot {
  readonly memory: MemoryDifference
  readonly notes: Notes
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const name = v.string()

const format = v.variant('as', [
  v.strictObject({ as: v.picklist(['chunks', 'bytes', 'text', 'lines', 'pages']) }),
  v.strictObject({
    as: v.literal('csv'),
    delimiter: name,
    numbers: v.array(name),
    columns: v.optional(v.array(name)),
    header: v.optional(v.array(name)),
  }),
]) satisfies v.GenericSchema<unknown, Format>

const document = v.strictObject({
  base: name,
  bytes: v.pipe(count, v.maxValue(2 ** 32)),
  waiting: v.variant('kind', [
    v.strictObject({ kind: v.literal('hop'), call: number }),
    v.strictObject({
      kind: v.literal('scatter'),
      calls: v.array(v.strictObject({ call: number, entry: number, to: name })),
    }),
    v.strictObject({ kind: v.literal('stay') }),
  ]),
  now: count,
  timers: v.array(v.strictObject({ call: number, ms: v.pipe(v.number(), v.minValue(0)) })),
  streams: v.array(
    v.strictObject({
      stream: number,
      source: streamSource,
      format,
      skip: count,
      call: v.nullable(number),
      chunk: v.optional(v.strictObject({ number, bytes: count })),
    }),
  ),
  leftBehind: v.array(v.tuple([number, name])),
  inbox: v.optional(
    v.strictObject({ messages: v.array(v.strictObject({ from: name, body: name })), receivers: v.array(number) }),
  ),
  kernels: v.optional(v.array(kernelNote)),
  held: v.optional(
    v.array(v.strictObject({ call: number, ok: v.boolean(), text: v.optional(name), base64: v.optional(name) })),
  ),
})

/** Encodes a snapshot. */
export function encodeSnapshot({ memory, notes }: Snapshot): Uint8Array {
  const { base, bytes, runs, words } = memory
  const text = Buffer.from(JSON.stringify({ base, bytes, ...notes }))
  return Buffer.concat([lengthOf(text), text, lengthOf(runs), runs, words])
}

/**
 * Decodes a snapshot. The host has authenticated the bytes; they are bounded and checked nevertheless.
 *
 * @throws Error for anything else
 */
export function decodeSnapshot(state: Uint8Array): Snapshot {
  const [text, rest] = cut(state)
  const [runs, words] = cut(rest)
  if (text.length > MAX_NOTES_BYTES) throw malformed()
  const { base, bytes, ...notes } = v.parse(document, JSON.parse(Buffer.from(text).toString('utf8')))
  return { memory: { base, bytes, runs, words }, notes }
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(bytes.length)
  return length
}

function cut(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  if (bytes.length < LENGTH_BYTES) throw malformed()
  const end = LENGTH_BYTES + asBuffer(bytes).readUInt32BE(0)
  if (end > bytes.length) throw malformed()
  return [bytes.subarray(LENGTH_BYTES, end), bytes.subarray(end)]
}

function asBuffer(bytes: ArrayBufferView): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function malformed(): Error {
  return new Error('the state is not a snapshot of this version')
}
