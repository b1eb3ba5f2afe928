import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { encodeFrame, type Frame, FrameReader } from '../wire/frames.ts'

const GIBIBYTE = 2 ** 30

export interface PipeOptions {
  /** Its descriptor. */
  readonly fd: number
  readonly onFrame: (frame: Frame) => void
}

/** The executor's end of the pipe. A body is read from the system into its own memory, without a copy. */
export class ExecutorPipe {
  readonly #socket: Socket

  constructor({ fd, onFrame }: PipeOptions) {
    // What the sandbox sends is trusted: it is the one that started this process.
    const frames = new FrameReader({ headerBytes: GIBIBYTE, bodyBytes: GIBIBYTE })
    const callback = (count: number) => {
      const frame = frames.advance(count)
      if (frame !== undefined) onFrame(frame)
      return true
    }
    const options: SocketConstructorOpts & ConnectOpts = {
      fd,
      readable: true,
      writable: true,
      onread: { buffer: () => frames.room, callback },
    }
    this.#socket = new Socket(options)
    // Without the sandbox there is nothing to do.
    this.#socket.on('close', () => process.exit(0))
    this.#socket.on('error', () => process.exit(1))
    this.#socket.resume()
  }

  send(header: object, body?: Uint8Array): void {
    this.#socket.cork()
    for (const piece of encodeFrame(header, ...(body === undefined ? [] : [body]))) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
