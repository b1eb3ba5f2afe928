/**
 * The framing of the pipe between the sandbox and its executor: 4 bytes header length, 4 bytes body length (both big
 * endian), a JSON header, and raw bytes. Bulk data travels as a body, so it is never encoded as text.
 */

/** One frame from the pipe. The header is unchecked JSON: parse it before use. */
export interface Frame {
  readonly header: unknown
  /** The only view of its `ArrayBuffer`, so it can be transferred to another thread. */
  readonly body: Uint8Array<ArrayBuffer>
}

export interface FrameLimits {
  readonly headerBytes: number
  readonly bodyBytes: number
}

const PREFIX_BYTES = 8

/** The other side of the pipe has violated the framing. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Encodes a frame as pieces for a gathering write: the head, and the pieces of the body without copying them. */
export function encodeFrame(header: object, ...body: readonly Uint8Array[]): Uint8Array[] {
  const text = JSON.stringify(header)
  const textBytes = Buffer.byteLength(text)
  const head = Buffer.allocUnsafe(PREFIX_BYTES + textBytes)
  head.writeUInt32BE(textBytes, 0)
  head.writeUInt32BE(byteLength(body), 4)
  head.write(text, PREFIX_BYTES)
  return [head, ...body]
}

/** The sum of the pieces' lengths. */
export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/**
 * Assembles frames. A caller that can choose where bytes are read to reads them into {@link room} and then calls
 * {@link advance}, so that bodies are never copied. A caller that receives pieces calls {@link push}.
 *
 * @example
 * const reader = new FrameReader({ headerBytes: 1024, bodyBytes: 65536 })
 * socket.on('data', (piece) => { for (const frame of reader.push(piece)) handle(frame) })
 */
export class FrameReader {
  readonly #limits: () => FrameLimits
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #header: Buffer<ArrayBuffer> | undefined
  #body: Uint8Array<ArrayBuffer> | undefined
  #room: Uint8Array = this.#prefix

  /** @param limits the largest frame; a function is called for each frame */
  constructor(limits: FrameLimits | (() => FrameLimits)) {
    this.#limits = typeof limits === 'function' ? limits : () => limits
  }

  /** Where to read the next bytes to: at most its length. Never empty. */
  get room(): Uint8Array {
    return this.#room
  }

  /**
   * Accepts the first `count` bytes of the room, and returns the frame that they complete.
   *
   * @throws FrameError if a frame is larger than the limits or its header is not JSON
   */
  advance(count: number): Frame | undefined {
    this.#room = this.#room.subarray(count)
    if (this.#room.length === 0 && this.#header === undefined) this.#room = this.#beginHeader()
    if (this.#room.length === 0 && this.#body === undefined) this.#room = this.#beginBody()
    return this.#room.length === 0 ? this.#take() : undefined
  }

  /**
   * Takes the next piece and yields the frames it completes.
   *
   * @throws FrameError if a frame is larger than the limits or its header is not JSON
   */
  *push(piece: Uint8Array): Generator<Frame> {
    for (let rest = piece; rest.length > 0; ) {
      const count = Math.min(rest.length, this.#room.length)
      this.#room.set(rest.subarray(0, count))
      rest = rest.subarray(count)
      const frame = this.advance(count)
      if (frame !== undefined) yield frame
    }
  }

  /** Checks the size of a frame before any memory is allocated for it. */
  #beginHeader(): Uint8Array {
    const limits = this.#limits()
    const headerBytes = this.#prefix.readUInt32BE(0)
    if (headerBytes > limits.headerBytes) throw new FrameError(`header of ${headerBytes} bytes is too large`)
    if (this.#bodyBytes > limits.bodyBytes) throw new FrameError(`body of ${this.#bodyBytes} bytes is too large`)
    this.#header = Buffer.allocUnsafeSlow(headerBytes)
    return this.#header
  }

  #beginBody(): Uint8Array {
    this.#body = new Uint8Array(this.#bodyBytes)
    return this.#body
  }

  get #bodyBytes(): number {
    return this.#prefix.readUInt32BE(4)
  }

  #take(): Frame {
    const frame = { header: parseHeader(this.#header!), body: this.#body! }
    this.#header = undefined
    this.#body = undefined
    this.#room = this.#prefix
    return frame
  }
}

function parseHeader(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new FrameError('header is not JSON')
  }
}
