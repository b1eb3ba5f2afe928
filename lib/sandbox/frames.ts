/**
 * The framing of the pipe between the sandbox and its executor: 4 bytes header length, 4 bytes body length (both big
 * endian), a JSON header, and raw bytes. Bulk data travels as a body, so it is never encoded as text.
 */

/** What came over the pipe. The header is whatever the other side wrote: parse it before use. */
export interface Frame {
  readonly header: unknown
  /** Owns its whole `ArrayBuffer`, so it can be transferred to another thread. */
  readonly body: Uint8Array<ArrayBuffer>
}

export interface FrameLimits {
  readonly headerBytes: number
  readonly bodyBytes: number
}

const PREFIX_BYTES = 8

/** The other side of the pipe did not keep to the framing. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Writes one frame as pieces for a gathering write; the body's pieces are not copied. */
export function encodeFrame(header: object, ...body: readonly Uint8Array[]): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix.writeUInt32BE(text.length, 0)
  prefix.writeUInt32BE(byteLength(body), 4)
  return [prefix, text, ...body]
}

/** The sum of the pieces' lengths. */
export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/**
 * Puts frames together from the pieces a pipe delivers.
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
  #filled = 0

  /** @param limits what a frame may measure; asked anew for each frame */
  constructor(limits: FrameLimits | (() => FrameLimits)) {
    this.#limits = typeof limits === 'function' ? limits : () => limits
  }

  /**
   * Takes the next piece and yields the frames it completes.
   *
   * @throws FrameError if a frame is larger than the limits or its header is not JSON
   */
  *push(piece: Uint8Array): Generator<Frame> {
    let rest = piece
    while (rest.length > 0 || this.#complete()) {
      rest = this.#fill(rest)
      if (this.#complete()) yield this.#take()
    }
  }

  #target(): Uint8Array {
    if (this.#header === undefined) return this.#prefix
    return this.#filled < PREFIX_BYTES + this.#header.length ? this.#header : this.#body!
  }

  #fill(piece: Uint8Array): Uint8Array {
    const target = this.#target()
    const offset = this.#offsetIn(target)
    const count = Math.min(piece.length, target.length - offset)
    target.set(piece.subarray(0, count), offset)
    this.#filled += count
    if (this.#header === undefined && this.#filled === PREFIX_BYTES) this.#allocate()
    return piece.subarray(count)
  }

  #offsetIn(target: Uint8Array): number {
    if (target === this.#prefix) return this.#filled
    if (target === this.#header) return this.#filled - PREFIX_BYTES
    return this.#filled - PREFIX_BYTES - this.#header!.length
  }

  #allocate(): void {
    const limits = this.#limits()
    const headerBytes = this.#prefix.readUInt32BE(0)
    const bodyBytes = this.#prefix.readUInt32BE(4)
    if (headerBytes > limits.headerBytes) throw new FrameError(`header of ${headerBytes} bytes is too large`)
    if (bodyBytes > limits.bodyBytes) throw new FrameError(`body of ${bodyBytes} bytes is too large`)
    this.#header = Buffer.alloc(headerBytes)
    this.#body = new Uint8Array(bodyBytes)
  }

  #complete(): boolean {
    return this.#header !== undefined && this.#filled === PREFIX_BYTES + this.#header.length + this.#body!.length
  }

  #take(): Frame {
    const frame = { header: parseHeader(this.#header!), body: this.#body! }
    this.#header = undefined
    this.#body = undefined
    this.#filled = 0
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
