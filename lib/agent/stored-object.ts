import { ObjectError } from '../errors.ts'
import { Chunk } from './chunk.ts'
import { type CsvBatch, type CsvOptions, type CsvRow, csvRows, readCsvBatch } from './csv.ts'
import { BufferClass } from './prelude/captured.ts'
import { admit } from './read-semaphore.ts'
import { type Format, type ObjectSource, type OpenStream, onlyReply, openStream, replies } from './reading.ts'
import { createSequence, type Sequence } from './sequence.ts'

/** The bytes from `start` up to, but not including, `end`. */
export interface ByteRange {
  /** @default 0 */
  readonly start?: number
  /** @default the object's size */
  readonly end?: number
}

/** The name, size and version of an object. */
export interface ObjectInfo {
  readonly bucket: string
  readonly key: string
  /** In bytes. */
  readonly size: number
  /** The version. Every read is of this version and fails with `OBJECT_CHANGED` if the object has changed since. */
  readonly etag: string
}

/** An object in this place. Nothing is read until you call a method. */
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
   * The bytes of the object, or of a range. They must fit into the agent's memory: read large objects with {@link
   * chunks}, {@link lines} or {@link csv}.
   *
   * @example
   * const header = await object.bytes({ end: 512 })
   */
  async bytes(range: ByteRange = {}): Promise<Uint8Array> {
    const source = sourceOf(this, range)
    const { bytes } = await admit(source.end - source.start, () => onlyReply(source, { as: 'bytes' }))
    return new Uint8Array(bytes ?? new BufferClass(0))
  }

  /** The object as text, decoded from UTF-8. @throws ObjectError `OBJECT_FORMAT_INVALID` if it is not UTF-8 */
  async text(): Promise<string> {
    const { text } = await admit(this.size, () => onlyReply(sourceOf(this), { as: 'text' }))
    return text ?? ''
  }

  /** The object, parsed as JSON. @throws SyntaxError if it is not JSON */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  /**
   * The bytes of the object in chunks of at most 2 MiB, for kernels. They stay outside of the agent's heap.
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

  /** The lines of the object, decoded from UTF-8, without `\n` or `\r\n`. */
  lines(): Sequence<string> {
    return createSequence(
      () => lineBatches(openLines(this)),
      (lines) => lines,
    )
  }

  /**
   * The records of a CSV file (RFC 4180). Fields are strings, except in the columns that `numbers` names.
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

/** Opens a stream of an object's lines. */
export function openLines(object: ObjectInfo): OpenStream {
  return openStream(sourceOf(object), { as: 'lines' })
}

/** The lines of a stream, batch by batch. */
export async function* lineBatches(stream: OpenStream): AsyncGenerator<readonly string[], void, undefined> {
  for await (const { text } of replies(stream)) yield text!.split('\n')
}

/** Opens a stream of an object's records. */
export function openCsv(object: ObjectInfo, options: CsvOptions<string>): OpenStream {
  return openStream(sourceOf(object), csvFormat(options))
}

/** The records of a stream, batch by batch. */
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
