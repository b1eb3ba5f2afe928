import type { Frame } from './frames.ts'
import type { ChunkMessage, ToExecutor } from './protocol.ts'

/** Receives the messages of an executor. */
export interface ExecutorListener {
  onFrame(frame: Frame): void
  /** The executor has exited or violated the framing. It must not be used again. */
  onLost(): void
}

/**
 * Runs one agent after the other: a child process with a thread, a thread of this process, or an engine in this
 * thread. docs/threat-model.md says how well each of them isolates an agent.
 */
export interface Executor {
  /** The id of its process, if it has its own. */
  readonly pid?: number | undefined
  /** Whether it has exited. */
  readonly lost: boolean
  /** Assigns the executor to a run, which accepts bodies of up to `bodyBytes`. */
  listen(listener: ExecutorListener, bodyBytes: number): void
  /** Ends the assignment. Any later message of the executor is a protocol violation. */
  release(): void
  /** Sends a message. It takes ownership of the pieces of the body and may reuse their memory. */
  send(message: Exclude<ToExecutor, ChunkMessage>, ...body: readonly Uint8Array[]): void
  /** Sends a chunk: at the place in the shared file that the executor has named, or as a body. */
  sendChunk(message: ChunkMessage, pieces: readonly Uint8Array[], place?: number): void
  /** Kills it at once. It has nothing to save. */
  kill(): void
  /** Resolves when it has exited. */
  gone(): Promise<void>
  /** Whether it keeps this process alive: only during a run. */
  hold(held: boolean): void
}

/** Starts an executor with the sandbox's files in `assets`. */
export type ForkExecutor = (assets: string) => Executor
