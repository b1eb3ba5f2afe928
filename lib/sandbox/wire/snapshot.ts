/**
 * A frozen machine as bytes. Boot and load give the same memory everywhere, so what travels is the difference between
 * that *base image* and the memory as it is, and notes on what the host kept for the guest.
 *
 *     state = length of the notes, 4 bytes | notes as JSON | length of the runs, 4 bytes | runs | words
 *
 * Lengths are big-endian. A run is words in a row that changed: how many words lie between it and the one before, and
 * how many it has, each as a varint (7 bits to a byte, the lowest first, 128 means that more follow). The words of all
 * runs stand end to end, as they are: pointers to the same object are the same bytes, which compresses better than
 * what XOR makes of them (3.9 KB against 5.2 KB for a small agent).
 *
 * Nothing here is sealed: that is for `lib/trust/state/fleet-sealed.ts`, on the host's side of the wall.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Message } from '../../trust/messages.ts'
import type { HeldAnswer } from './held-answer.ts'
import { type KernelNote, kernelNote } from './kernel-source.ts'
import { streamSource } from './protocol.ts'
import type { Format, ReaderNote } from './reader-note.ts'

/** What is compared natively; words are looked at only where a page differs. */
const PAGE_BYTES = 4096
const WORD_BYTES = 4
/** Runs that so few words part are one: a new run costs more bytes than the words between. */
const JOINED_GAP = 2
/** Of a number of words: a memory has 2^30 at most. */
const MAX_VARINT_BYTES = 5
const LENGTH_BYTES = 4
const MAX_NOTES_BYTES = 16 * 1024 * 1024

/** The engine's memory against its base image. */
export interface MemoryDifference {
  /** SHA-256 of the base image, base64url: the difference means nothing without that very image. */
  readonly base: string
  /** Size of the whole memory. */
  readonly bytes: number
  /** Where the words belong. */
  readonly runs: Uint8Array
  readonly words: Uint8Array
}

/** What the agent waits for, by the number of its call. */
export type Waiting =
  /** The agent moves on. */
  | { readonly kind: 'hop'; readonly call: number }
  /** Copies of the agent carry out `entry` each, and their answers settle `call`. */
  | { readonly kind: 'scatter'; readonly calls: readonly CopyCall[] }
  /** Its place sends it away, and it goes on where it was. */
  | { readonly kind: 'stay' }

export interface CopyCall {
  readonly call: number
  /** Number of the function in the guest's table. */
  readonly entry: number
  readonly to: string
}

/** A stream the guest had open: its number, and where a reader has to go on. */
export interface StreamNote extends ReaderNote {
  readonly stream: number
  /** The guest's call that waits for the next batch. */
  readonly call: number | null
  /** The piece the guest had in hand: the bytes before those that come next. */
  readonly chunk?: { readonly number: number; readonly bytes: number } | undefined
}

/** A timer that was running. */
export interface TimerNote {
  readonly call: number
  /** Milliseconds it has left. */
  readonly ms: number
}

/** What the host keeps for the guest, so that it can be taken up elsewhere. */
export interface Notes {
  readonly waiting: Waiting
  /** What the guest's clock said. It must not go backwards. */
  readonly now: number
  readonly timers: readonly TimerNote[]
  readonly streams: readonly StreamNote[]
  /** Streams that were open in places the agent has left: their numbers, and where that was. */
  readonly leftBehind: readonly (readonly [stream: number, region: string])[]
  readonly inbox?: InboxNote | undefined
  /** Kernels that were defined while the agent ran. */
  readonly kernels?: readonly KernelNote[] | undefined
  /** Calls that were answered when the agent was about to leave. */
  readonly held?: readonly HeldAnswer[] | undefined
}

/** Messages that wait for the agent, and its calls that wait for one. Only one of them holds anything. */
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

/** Writes a snapshot as one piece of bytes. */
export function encodeSnapshot({ memory, notes }: Snapshot): Uint8Array {
  const { base, bytes, runs, words } = memory
  const text = Buffer.from(JSON.stringify({ base, bytes, ...notes }))
  return Buffer.concat([lengthOf(text), text, lengthOf(runs), runs, words])
}

/**
 * Reads what {@link encodeSnapshot} wrote. The bytes are authentic by now; they are bounded and checked all the same.
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

/** What changed between the base image and the memory, which is never smaller. Both are whole WebAssembly pages. */
export function differenceOf(base: Uint8Array, memory: Uint8Array): MemoryDifference {
  const bounds = changedRuns(base, memory)
  // There may be a million runs: they are written into place, without an object or a number on the heap for each.
  const runs = Buffer.allocUnsafe(bounds.length * MAX_VARINT_BYTES)
  const words = Buffer.allocUnsafe(wordsWithin(bounds) * WORD_BYTES)
  const source = asBuffer(memory)
  let [end, at, written] = [0, 0, 0]
  for (let index = 0; index < bounds.length; index += 2) {
    const [from, to] = [bounds[index]!, bounds[index + 1]!]
    at = writeVarint(runs, writeVarint(runs, at, from - end), to - from)
    written += source.copy(words, written, from * WORD_BYTES, to * WORD_BYTES)
    end = to
  }
  return { base: digestOfImage(base), bytes: memory.length, runs: Uint8Array.from(runs.subarray(0, at)), words }
}

/**
 * Writes the difference into a memory that holds the base image.
 *
 * @throws Error if the runs do not fit the memory, or the words
 */
export function applyDifference(memory: Uint8Array, { runs, words }: MemoryDifference): void {
  const cursor = { at: 0 }
  let to = 0
  let taken = 0
  while (cursor.at < runs.length) {
    to += readVarint(runs, cursor) * WORD_BYTES
    const bytes = readVarint(runs, cursor) * WORD_BYTES
    if (to + bytes > memory.length || taken + bytes > words.length) throw malformed()
    memory.set(words.subarray(taken, taken + bytes), to)
    to += bytes
    taken += bytes
  }
  if (taken !== words.length) throw malformed()
}

/** SHA-256 of an image, base64url. */
export function digestOfImage(image: Uint8Array): string {
  return createHash('sha256').update(image).digest('base64url')
}

const ZEROS = new Uint32Array(PAGE_BYTES / WORD_BYTES)

/** First word and end of each run, one after the other. */
function changedRuns(base: Uint8Array, memory: Uint8Array): readonly number[] {
  const [before, after, zeros] = [asBuffer(base), asBuffer(memory), asBuffer(ZEROS)]
  const bounds: number[] = []
  for (let start = 0; start < after.length; start += PAGE_BYTES) {
    const known = start < before.length
    const [page, offset] = known ? [before, start] : [zeros, 0]
    if (after.compare(page, offset, offset + PAGE_BYTES, start, start + PAGE_BYTES) === 0) continue
    pushRuns(bounds, known ? wordsAt(before, start) : ZEROS, wordsAt(after, start), start / WORD_BYTES)
  }
  return bounds
}

function wordsWithin(bounds: readonly number[]): number {
  let words = 0
  for (let index = 0; index < bounds.length; index += 2) words += bounds[index + 1]! - bounds[index]!
  return words
}

function pushRuns(bounds: number[], before: Uint32Array, after: Uint32Array, first: number): void {
  let end = bounds.at(-1) ?? Number.NEGATIVE_INFINITY
  for (let index = 0; index < after.length; index++) {
    if (after[index] === before[index]) continue
    const word = first + index
    if (word - end <= JOINED_GAP) bounds[bounds.length - 1] = word + 1
    else bounds.push(word, word + 1)
    end = word + 1
  }
}

function wordsAt(bytes: Buffer, start: number): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset + start, PAGE_BYTES / WORD_BYTES)
}

/** Returns where the next one belongs. */
function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128
  bytes[at++] = rest
  return at
}

function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) throw malformed()
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
  throw malformed()
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
  return new Error('the state is no snapshot of this version')
}
