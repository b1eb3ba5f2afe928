import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { encodeFrame, type Frame, FrameReader } from '../wire/frames.ts'

const GIBIBYTE = 2 ** 30

export interface PipeOptions {
  /** The descriptor of the pipe. */
  readonly fd: number
  readonly onFrame: (frame: Frame) => void
}

/** The executor's end of the pipe. Bodies are read directly into their own memory, without a copy. */
export class ExecutorPipe {
  readonly #socket: Socket

  constructor({ fd, onFrame }: PipeOptions) {
    // Large limits: the executor trusts the sandbox, which started it.
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
    // The sandbox has closed the pipe.
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
