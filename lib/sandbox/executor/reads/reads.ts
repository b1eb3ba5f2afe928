import * as v from 'valibot'
import type { CallReply } from '../../engine/call-reply.ts'
import { type ChunkMessage, MAX_STREAMS, STREAM_WINDOW, type StreamSource, streamSource } from '../../wire/protocol.ts'
import type { Format, ReaderNote } from '../../wire/reader-note.ts'
import type { Notes, StreamNote } from '../../wire/snapshot.ts'
import type { Chunks } from '../chunks.ts'
import type { ChunkPlaces } from '../pieces.ts'
import { Pulls } from '../pulls.ts'
import type { Send, Settle } from '../send.ts'
import type { Batch } from './decoder.ts'
import { Reader, type Step } from './reader.ts'

export interface ReadsOptions {
  readonly send: Send
  readonly settle: Settle
  readonly chunks: Chunks
  readonly places: ChunkPlaces
  /** The limit of the guest's memory, in bytes. */
  readonly memoryBytes: number
}

/** How the reads of an agent continue after its landing. */
export interface Landing {
  /** The place that it left. */
  readonly from: string
  /** Whether it can continue to read what it was reading there. */
  readonly stays: boolean
  /** Whether it is a copy, which runs only its task and waits for no reads. */
  readonly copy: boolean
}

/** The streams that an agent reads, and the calls that wait for their next batch. */
export class Reads {
  readonly #options: ReadsOptions
  readonly #readers = new Map<number, Reader>()
  readonly #pulls = new Map<number, Pulls>()
  /** For each stream, the call that waits for its next batch. */
  readonly #waiting = new Map<number, number>()
  /** The chunks that are being read again, by number. */
  readonly #fetching = new Map<number, (step: Step) => void>()
  /** The streams that were open in places that the agent has left, and the places. */
  readonly #leftBehind = new Map<number, string>()

  constructor(options: ReadsOptions) {
    this.#options = options
  }

  /** Whether a call waits for bytes. */
  get waiting(): boolean {
    return this.#waiting.size > 0
  }

  /** @throws Error if the request is malformed or exceeds a limit */
  open(stream: number, request: string): void {
    if (this.#readers.size >= MAX_STREAMS) throw new Error(`more than ${MAX_STREAMS} objects are open at once`)
    const { source, format } = JSON.parse(request) as { source: unknown; format: Format }
    if (!v.is(streamSource, source)) throw new Error('the name or the range of an object is malformed')
    this.#admitWhole(source, format)
    this.#read(stream, { source, format, skip: 0 })
  }

  next(call: number, stream: number): void {
    const { settle, chunks } = this.#options
    chunks.drop(stream)
    const reader = this.#readers.get(stream)
    const step = reader?.next() ?? this.#missing(stream)
    if (step.kind === 'waiting') this.#waiting.set(stream, call)
    else if (step.kind === 'batch') settle(call, true, this.#replyWith(call, stream, step.batch))
    else if (step.kind === 'end') settle(call, true, {})
    else settle(call, false, { text: JSON.stringify({ code: step.code, message: step.message }) })
  }

  close(stream: number): void {
    this.#options.chunks.drop(stream)
    const reader = this.#readers.get(stream)
    if (reader === undefined) return
    reader.close()
    this.#readers.delete(stream)
    this.#options.send({ type: 'close', stream })
    this.#endPulls(stream)
    const call = this.#waiting.get(stream)
    this.#waiting.delete(stream)
    if (call !== undefined) this.#options.settle(call, true, {})
  }

  push(message: ChunkMessage, body: Uint8Array): void {
    const { stream, last } = message
    const piece = this.#pulls.get(stream)?.take(message, body)
    if (last) this.#pulls.delete(stream)
    if (piece !== undefined) this.#readers.get(stream)!.push(piece, last)
  }

  fail(stream: number, code: string, message: string): void {
    this.#endPulls(stream)
    this.#readers.get(stream)?.fail(code, message)
  }

  /** Answers the call that waits for new data of a stream. Returns whether there was one. */
  answer(stream: number): boolean {
    this.#fetched(stream)
    const call = this.#waiting.get(stream)
    if (call === undefined) return false
    this.#waiting.delete(stream)
    this.next(call, stream)
    return true
  }

  notes(): Pick<Notes, 'streams' | 'leftBehind'> {
    const streams = [...this.#readers].map(([stream, reader]): StreamNote => {
      const chunk = this.#options.chunks.current(stream)
      return { stream, ...reader.note(), call: this.#waiting.get(stream) ?? null, ...(chunk && { chunk }) }
    })
    return { streams, leftBehind: [...this.#leftBehind] }
  }

  /** Reads the chunks again that the agent was using at its snapshot. */
  async fetchChunks(streams: readonly StreamNote[]): Promise<void> {
    await Promise.all(streams.map((note) => this.#fetchChunk(note)))
  }

  /** Reopens the streams of a snapshot. Streams of other places stay behind. */
  takeUp({ streams, leftBehind }: Pick<Notes, 'streams' | 'leftBehind'>, { from, stays, copy }: Landing): void {
    for (const [stream, place] of leftBehind) this.#leftBehind.set(stream, place)
    for (const { stream, call, chunk: _, ...note } of streams) {
      if (stays) this.#read(stream, note)
      else this.#leftBehind.set(stream, from)
      if (call !== null && !copy) this.next(call, stream)
    }
  }

  #read(stream: number, note: ReaderNote): void {
    const { send, places } = this.#options
    const pulls = new Pulls(places)
    const pull = () => send({ type: 'pull', stream, ...pulls.next() })
    this.#pulls.set(stream, pulls)
    this.#readers.set(stream, new Reader(note, { pull, release: (chunk) => places.release(chunk) }))
    send({ type: 'open', stream, source: note.source, ...pulls.next() })
    for (let pulled = 1; pulled < STREAM_WINDOW; pulled++) pull()
  }

  #endPulls(stream: number): void {
    this.#pulls.get(stream)?.end()
    this.#pulls.delete(stream)
  }

  async #fetchChunk({ stream, source, chunk }: StreamNote): Promise<void> {
    if (chunk === undefined || source.from !== 'object') return
    const { number, bytes } = chunk
    const piece: StreamSource = { ...source, start: source.start - bytes, end: source.start }
    this.#read(number, { source: piece, format: { as: 'bytes' }, skip: 0 })
    const step = await new Promise<Step>((resolve) => this.#fetching.set(number, resolve))
    this.close(number)
    // If it can't be read again, the next use of the chunk fails with OBJECT_LEFT_BEHIND.
    if (step.kind === 'batch') this.#options.chunks.keep(number, stream, step.batch.bytes!)
  }

  #fetched(number: number): void {
    const resolve = this.#fetching.get(number)
    const step = resolve && this.#readers.get(number)!.next()
    if (step === undefined || step.kind === 'waiting') return
    this.#fetching.delete(number)
    resolve!(step)
  }

  /** The reply with a batch. For a chunk it is only the number, which is that of the call, and the length. */
  #replyWith(call: number, stream: number, batch: Batch): CallReply {
    const { piece } = batch
    if (piece === undefined) return batch
    this.#options.chunks.keep(call, stream, piece)
    return { text: `${call} ${piece.length}` }
  }

  /** Refuses a whole object that is larger than the guest's memory, since it is buffered here. */
  #admitWhole(source: StreamSource, format: Format): void {
    if (source.from !== 'object' || (format.as !== 'bytes' && format.as !== 'text')) return
    const bytes = source.end - source.start
    if (bytes > this.#options.memoryBytes) throw new Error('the object does not fit into the memory of the agent')
  }

  #missing(stream: number): Step {
    const place = this.#leftBehind.get(stream)
    if (place === undefined) return { kind: 'end' }
    const message = `this was being read in ${place}, which the agent has left; read it before the hop, or open it again there`
    return { kind: 'fault', code: 'OBJECT_LEFT_BEHIND', message }
  }
}
