import type { StreamSource } from '../../wire/protocol.ts'
import type { Format, ReaderNote } from '../../wire/reader-note.ts'
import type { Piece } from '../pieces.ts'
import { createChunkDecoder, createPageDecoder, createWholeDecoder } from './bytes.ts'
import { createCsvDecoder } from './csv.ts'
import type { Batch, Decoder } from './decoder.ts'
import { createLineDecoder } from './lines.ts'

/** The answer of a reader to a request for the next batch. */
export type Step =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'end' }
  | { readonly kind: 'fault'; readonly code: string; readonly message: string }

export interface ReaderOptions {
  /** Pulls one more chunk. */
  readonly pull: () => void
  /** Called with each chunk that is no longer needed. */
  readonly release: (chunk: Piece) => void
}

/**
 * Reads one stream in one format. Chunks are pushed as they arrive, and batches are taken when the guest asks. A chunk
 * is decoded, and the next one pulled, only when a batch is requested. This gives backpressure: a slow agent slows down
 * the store.
 */
export class Reader {
  readonly #decoder: Decoder
  readonly #options: ReaderOptions
  readonly #chunks: { chunk: Piece; last: boolean }[] = []
  readonly #batches: Batch[] = []
  readonly #source: StreamSource
  readonly #format: Format
  /** The offset up to which everything has been delivered. */
  #end: number | undefined
  /** How many batches have been delivered, here or in earlier places. */
  #delivered: number
  /** How many of these batches this reader still has to skip. */
  #skip: number
  #fault: { code: string; message: string } | undefined
  #ended = false

  constructor({ source, format, skip }: ReaderNote, options: ReaderOptions) {
    this.#source = source
    this.#format = format
    this.#delivered = skip
    this.#skip = skip
    this.#decoder = createDecoder(format, source.from === 'object' ? source.start : 0)
    this.#options = options
  }

  get format(): Format {
    return this.#format
  }

  push(chunk: Piece, last: boolean): void {
    if (this.#fault === undefined) this.#chunks.push({ chunk, last })
    else this.#options.release(chunk)
  }

  fail(code: string, message: string): void {
    this.#fault = { code, message }
  }

  /** Releases all chunks. */
  close(): void {
    for (const { chunk } of this.#chunks.splice(0)) this.#options.release(chunk)
  }

  next(): Step {
    while (this.#batches.length === 0 && this.#chunks.length > 0) this.#decode()
    const batch = this.#batches.shift()
    if (batch !== undefined) {
      this.#delivered++
      this.#end = batch.end
      return { kind: 'batch', batch }
    }
    if (this.#fault !== undefined) return { kind: 'fault', ...this.#fault }
    return { kind: this.#ended ? 'end' : 'waiting' }
  }

  /**
   * Where another reader continues: after the last batch of an object, but at the start of a listing or a whole object.
   */
  note(): ReaderNote {
    const [source, format] = [this.#source, this.#format]
    if (source.from !== 'object' || format.as === 'bytes' || format.as === 'text')
      return { source, format, skip: this.#delivered }
    const { header } = this.#decoder
    const start = this.#end ?? source.start
    const withHeader = format.as === 'csv' && this.#end !== undefined ? { ...format, header } : format
    return { source: { ...source, start }, format: withHeader, skip: 0 }
  }

  #decode(): void {
    const { chunk, last } = this.#chunks.shift()!
    const { pull, release } = this.#options
    if (last) this.#ended = true
    else pull()
    try {
      for (const batch of this.#decoder.decode(chunk, last))
        if (this.#skip > 0) this.#skip--
        else this.#batches.push(batch)
    } catch (error) {
      this.close()
      const message = error instanceof Error ? error.message : String(error)
      this.#fault = { code: 'OBJECT_FORMAT_INVALID', message: `${nameOf(this.#source)}${message}` }
    }
    // Chunks for kernels are released when the stream delivers the next one.
    if (this.#format.as !== 'chunks') release(chunk)
  }
}

const nameOf = (source: StreamSource): string =>
  source.from === 'object' ? `s3://${source.bucket}/${source.key}: ` : ''

function createDecoder(format: Format, start: number): Decoder {
  if (format.as === 'lines') return createLineDecoder(start)
  if (format.as === 'csv') return createCsvDecoder(format, start)
  if (format.as === 'pages') return createPageDecoder()
  return format.as === 'chunks' ? createChunkDecoder(start) : createWholeDecoder(format.as, start)
}
