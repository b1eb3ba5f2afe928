import { concatBytes } from '../../encoding/bytes.ts'
import type { Executor, ExecutorListener } from '../wire/executor.ts'
import { type ChunkMessage, HEADER_BYTES, type ToExecutor } from '../wire/protocol.ts'
import type { ThreadMessage } from '../wire/thread-message.ts'

/** A message port to an executor: a worker thread, or one end of a channel in this thread. */
export interface ExecutorPort {
  on(event: string, listener: (message: Received) => void): unknown
  postMessage(message: ThreadMessage<ToExecutor>, transfer: ArrayBuffer[]): void
  ref(): void
  unref(): void
}

export interface PortExecutorOptions {
  readonly port: ExecutorPort
  /** Ends the executor behind the port; resolves when it is gone. */
  readonly end: () => Promise<unknown>
}

interface Received {
  readonly header: unknown
  /** Transferred or cloned, so its buffer is not shared. */
  readonly body?: Uint8Array<ArrayBuffer>
}

/** An executor behind a message port. Like an executor process, nothing that it sends is trusted. */
export class PortExecutor implements Executor {
  readonly #options: PortExecutorOptions
  #listener: ExecutorListener | undefined
  #bodyBytes = 0
  #lost = false
  #gone: Promise<unknown> | undefined

  constructor(options: PortExecutorOptions) {
    this.#options = options
    const { port } = options
    port.on('message', (message: Received) => this.#receive(message))
    for (const end of ['error', 'exit', 'close']) port.on(end, () => this.#lose())
  }

  get lost(): boolean {
    return this.#lost
  }

  listen(listener: ExecutorListener, bodyBytes: number): void {
    this.#listener = listener
    this.#bodyBytes = bodyBytes
  }

  release(): void {
    this.#listener = undefined
    this.#bodyBytes = 0
  }

  send(header: ToExecutor, ...pieces: readonly Uint8Array[]): void {
    if (this.#lost) return
    const body = concatBytes(...pieces)
    this.#options.port.postMessage({ header, body }, [body.buffer as ArrayBuffer])
  }

  sendChunk(message: ChunkMessage, pieces: readonly Uint8Array[]): void {
    this.send(message, ...pieces)
  }

  kill(): void {
    this.#gone ??= this.#options.end()
    this.#lose()
  }

  async gone(): Promise<void> {
    await this.#gone
  }

  hold(held: boolean): void {
    if (held) this.#options.port.ref()
    else this.#options.port.unref()
  }

  #receive({ header, body = new Uint8Array() }: Received): void {
    if (this.#lost) return
    const allowed = this.#listener !== undefined && body.length <= this.#bodyBytes
    if (allowed && JSON.stringify(header).length <= HEADER_BYTES) this.#listener!.onFrame({ header, body })
    else this.kill()
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    this.#listener?.onLost()
  }
}
