import { Chunk } from './chunk.ts'
import { type CsvBatch, type CsvOptions, type CsvRow, csvRows, readCsvBatch } from './csv.ts'
import { ObjectError } from './prelude/calls.ts'
import { BufferClass } from './prelude/captured.ts'
import { admit } from './read-semaphore.ts'
import { type Format, type ObjectSource, type OpenStream, onlyReply, openStream, replies } from './reading.ts'
import { createSequence, type Sequence } from './sequence.ts'

/** Bytes `start` to `end`, `end` left out. */
export interface ByteRange {
  /** @default 0 */
  readonly start?: number
  /** @default the object's size */
  readonly end?: number
}

/** What an object is called, how large it is, and which version was seen. */
export interface ObjectInfo {
  readonly bucket: string
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Names the version: every read is of this one, and fails with `OBJECT_CHANGED` if it is gone. */
  readonly etag: string
}

/** An object in this region. Nothing is read before you ask. */
export class StoredObject implements ObjectInfo {
  readonly bucket: string
  readonly key: string
  readonly size: number
  readonly etag: string

  constructor({ bucket, key, size, etag }: ObjectInfo) {
    this.bucket = bucket
    this.key = key
    this.size = size
    this.etag = etag
  }

  /**
   * The object's bytes, or some of them. They must fit into the agent's memory: read what is large with
   * {@link chunks}, {@link lines} or {@link csv}.
   *
   * @example
   * const header = await object.bytes({ end: 512 })
   */
  async bytes(range: ByteRange = {}): Promise<Uint8Array> {
    const source = sourceOf(this, range)
    const { bytes } = await admit(source.end - source.start, () => onlyReply(source, { as: 'bytes' }))
    return new Uint8Array(bytes ?? new BufferClass(0))
  }

  /** The object as text. @throws ObjectError `OBJECT_FORMAT_INVALID` if it is not UTF-8 */
  async text(): Promise<string> {
    const { text } = await admit(this.size, () => onlyReply(sourceOf(this), { as: 'text' }))
    return text ?? ''
  }

  /** The object as JSON. @throws SyntaxError if it is not JSON */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  /**
   * The object's bytes in pieces of up to two megabytes, for kernels: they stay outside of the agent's heap.
   *
   * @example
   * for await (const chunk of object.chunks()) newlines += count(chunk)
   */
  async *chunks(range: ByteRange = {}): AsyncGenerator<Chunk, void, undefined> {
    for await (const { text } of replies(openStream(sourceOf(this, range), { as: 'chunks' }))) {
      const [number, length] = text!.split(' ')
      yield new Chunk(Number(number), Number(length))
    }
  }

  /** The object's lines, without their ends (`\n` or `\r\n`). UTF-8. */
  lines(): Sequence<string> {
    return createSequence(
      () => lineBatches(openLines(this)),
      (lines) => lines,
    )
  }

  /**
   * The records of CSV (RFC 4180). Fields that are not numbers are strings.
   *
   * @example
   * for await (const batch of object.csv({ columns: ['origin', 'delay'], numbers: ['delay'] }).batches()) {
   *   const origins = batch.column('origin')
   *   const delays = batch.column('delay')
   *   for (let row = 0; row < batch.rows; row++) add(origins[row], delays[row])
   * }
   */
  csv<NumberColumn extends string = never>(
    options: CsvOptions<NumberColumn> = {},
  ): Sequence<CsvRow<NumberColumn>, CsvBatch<NumberColumn>> {
    return createSequence(() => csvBatches<NumberColumn>(openCsv(this, options)), csvRows)
  }
}

/** Opens an object's lines; the host reads ahead from now on. */
export function openLines(object: ObjectInfo): OpenStream {
  return openStream(sourceOf(object), { as: 'lines' })
}

/** The lines of an open stream, batch by batch. */
export async function* lineBatches(stream: OpenStream): AsyncGenerator<readonly string[], void, undefined> {
  for await (const { text } of replies(stream)) yield text!.split('\n')
}

/** Opens an object's records. */
export function openCsv(object: ObjectInfo, options: CsvOptions<string>): OpenStream {
  return openStream(sourceOf(object), csvFormat(options))
}

/** The records of an open stream, batch by batch. */
export async function* csvBatches<NumberColumn extends string>(
  stream: OpenStream,
): AsyncGenerator<CsvBatch<NumberColumn>, void, undefined> {
  for await (const reply of replies(stream)) yield readCsvBatch<NumberColumn>(reply)
}

function sourceOf(object: ObjectInfo, range: ByteRange = {}): ObjectSource {
  const { bucket, key, etag, size } = object
  const { start = 0, end = size } = range
  if (!isOffset(start) || !isOffset(end) || start > end)
    throw new ObjectError('OBJECT_RANGE_INVALID', `bytes ${start} to ${end} are no range of "${key}"`)
  return { from: 'object', bucket, key, etag, start: Math.min(start, size), end: Math.min(end, size) }
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function csvFormat({ columns, numbers = [], header, delimiter = ',' }: CsvOptions<string>): Format {
  if (delimiter.length !== 1 || delimiter.charCodeAt(0) > 127)
    throw new TypeError(`a delimiter is one ASCII character, not "${delimiter}"`)
  return { as: 'csv', columns, numbers, header, delimiter }
}
