import { AwsError } from './aws-error.ts'

/** The longest line of the framing, which is a chunk's header or a trailer. */
const MAX_LINE_BYTES = 8192

/** Reads lines and byte ranges from a stream of buffers, without copying the bytes. */
export class ByteReader implements AsyncDisposable {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /**
   * The next line, without its CRLF.
   *
   * @throws AwsError `IncompleteBody` if the body ends first, or the line is longer than 8,192 bytes
   */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end)
        this.#rest = this.#rest.subarray(end + 2)
        return line
      }
      if (this.#rest.length > MAX_LINE_BYTES) throw incompleteBody()
      const more = await this.#next()
      this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more])
    }
  }

  /**
   * The next `length` bytes, in pieces as they arrive.
   *
   * @throws AwsError `IncompleteBody` if the body ends first
   */
  async *bytes(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#next()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  /** Stops reading the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.()
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#source.next()
    if (done) throw incompleteBody()
    return value
  }
}

/** The error for a body that is shorter than its headers and framing say. */
export function incompleteBody(): AwsError {
  return new AwsError('IncompleteBody', 'The request body terminated unexpectedly')
}
