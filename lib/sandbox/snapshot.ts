/**
 * A frozen machine as bytes. Boot and load give the same memory everywhere, so what travels is the difference between
 * that *base image* and the memory as it is, page by page, and notes on what the host kept for the guest.
 *
 *     state = length of the notes, 4 bytes, big-endian | notes as JSON | map of the changed pages, a bit each | pages
 *
 * A page travels as its XOR with the base image: what did not change in it becomes zeros, which compress to nothing.
 * Nothing here is sealed: that is for `lib/trust/sealed-state.ts`, on the host's side of the wall.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Format, ReaderNote } from './executor/readers/reader.ts'
import { streamSource } from './protocol.ts'

/** Unit of comparison. Of 1, 4, 16 and 64 KiB it gave the fastest freeze at the smallest state (`bench/hop.ts`). */
export const SNAPSHOT_PAGE_BYTES = 4096
const LENGTH_BYTES = 4
const MAX_NOTES_BYTES = 16 * 1024 * 1024

/** The engine's memory against its base image. */
export interface MemoryDifference {
  /** SHA-256 of the base image, base64url: the difference means nothing without that very image. */
  readonly base: string
  /** Size of the whole memory. */
  readonly bytes: number
  /** The bits of the pages that changed, lowest bit first. */
  readonly map: Uint8Array
  /** Those pages, XOR the base image; beyond its end it counts as zeros. */
  readonly pages: Uint8Array
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
    v.strictObject({ stream: number, source: streamSource, format, skip: count, call: v.nullable(number) }),
  ),
  leftBehind: v.array(v.tuple([number, name])),
})

/** Writes a snapshot as one piece of bytes. */
export function encodeSnapshot({ memory, notes }: Snapshot): Uint8Array {
  const { base, bytes, map, pages } = memory
  const text = Buffer.from(JSON.stringify({ base, bytes, ...notes }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, map, pages])
}

/**
 * Reads what {@link encodeSnapshot} wrote. The bytes are authentic by now; they are bounded and checked all the same.
 *
 * @throws Error for anything else
 */
export function decodeSnapshot(state: Uint8Array): Snapshot {
  const all = Buffer.from(state.buffer, state.byteOffset, state.byteLength)
  if (all.length < LENGTH_BYTES) throw malformed()
  const textEnd = LENGTH_BYTES + all.readUInt32BE(0)
  if (textEnd > all.length || textEnd > MAX_NOTES_BYTES) throw malformed()
  const { base, bytes, ...notes } = v.parse(document, JSON.parse(all.toString('utf8', LENGTH_BYTES, textEnd)))
  const mapEnd = textEnd + mapBytes(bytes)
  // A copy, since words can be read at multiples of four only.
  const memory = { base, bytes, map: all.subarray(textEnd, mapEnd), pages: new Uint8Array(all.subarray(mapEnd)) }
  if (mapEnd > all.length || changedPages(memory.map) * SNAPSHOT_PAGE_BYTES !== memory.pages.length) throw malformed()
  return { memory, notes }
}

/** What changed between the base image and the memory, which is never smaller. Both are whole WebAssembly pages. */
export function differenceOf(base: Uint8Array, memory: Uint8Array): MemoryDifference {
  const [before, after] = [asBuffer(base), asBuffer(memory)]
  const map = new Uint8Array(mapBytes(after.length))
  const changed: number[] = []
  for (let start = 0; start < after.length; start += SNAPSHOT_PAGE_BYTES) {
    if (samePage(before, after, start)) continue
    const page = start / SNAPSHOT_PAGE_BYTES
    map[page >> 3]! |= 1 << (page & 7)
    changed.push(start)
  }
  const pages = new Uint8Array(changed.length * SNAPSHOT_PAGE_BYTES)
  changed.forEach((start, index) => {
    pages.set(after.subarray(start, start + SNAPSHOT_PAGE_BYTES), index * SNAPSHOT_PAGE_BYTES)
    xorPage(pages, index * SNAPSHOT_PAGE_BYTES, before, start)
  })
  return { base: digestOfImage(base), bytes: memory.length, map, pages }
}

/** Writes the difference into a memory that holds the base image at its start and zeros behind it. */
export function applyDifference(memory: Uint8Array, { map, pages }: MemoryDifference): void {
  let from = 0
  for (let page = 0; page < map.length * 8; page++) {
    if ((map[page >> 3]! & (1 << (page & 7))) === 0) continue
    xorPage(memory, page * SNAPSHOT_PAGE_BYTES, pages, from)
    from += SNAPSHOT_PAGE_BYTES
  }
}

/** SHA-256 of an image, base64url. */
export function digestOfImage(image: Uint8Array): string {
  return createHash('sha256').update(image).digest('base64url')
}

const ZEROS = Buffer.alloc(SNAPSHOT_PAGE_BYTES)

function samePage(before: Buffer, after: Buffer, start: number): boolean {
  const end = start + SNAPSHOT_PAGE_BYTES
  if (start < before.length) return after.compare(before, start, end, start, end) === 0
  return after.compare(ZEROS, 0, SNAPSHOT_PAGE_BYTES, start, end) === 0
}

/** `into ^= by`, for one page, word by word. Beyond the end of `by` there is nothing to do. */
function xorPage(into: Uint8Array, at: number, by: Uint8Array, from: number): void {
  if (from >= by.length) return
  const target = words(into, at)
  const source = words(by, from)
  for (let index = 0; index < target.length; index++) target[index]! ^= source[index]!
}

function words(bytes: Uint8Array, start: number): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset + start, SNAPSHOT_PAGE_BYTES / 4)
}

function changedPages(map: Uint8Array): number {
  let changed = 0
  for (const byte of map) for (let bits = byte; bits > 0; bits &= bits - 1) changed++
  return changed
}

function mapBytes(memoryBytes: number): number {
  return Math.ceil(memoryBytes / SNAPSHOT_PAGE_BYTES / 8)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function malformed(): Error {
  return new Error('the state is no snapshot of this version')
}
