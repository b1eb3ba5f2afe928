import type { Frame } from './frames.ts'
import type { ChunkMessage, ToExecutor } from './protocol.ts'

/** What a run hears from its executor. */
export interface ExecutorListener {
  onFrame(frame: Frame): void
  /** The executor is gone, or has broken the framing; it is not to be used again. */
  onLost(): void
}

/**
 * What carries out one run after the other: a child process with a thread in it, a thread of this process, or an engine
 * in this very thread. How much each of them holds back, docs/threat-model.md says.
 */
export interface Executor {
  /** Its process, if it has one of its own. */
  readonly pid?: number | undefined
  /** Whether it is gone. */
  readonly lost: boolean
  /** Gives the executor to a run, which may receive bodies of up to `bodyBytes`. */
  listen(listener: ExecutorListener, bodyBytes: number): void
  /** The run is over: whatever the executor says from now on is out of turn. */
  release(): void
  /** Sends a message; the pieces of its body are handed over, and their memory may serve others from then on. */
  send(message: Exclude<ToExecutor, ChunkMessage>, ...body: readonly Uint8Array[]): void
  /** Sends a chunk: to the place that the executor has named, where they share a file, or as a body. */
  sendChunk(message: ChunkMessage, pieces: readonly Uint8Array[], place?: number): void
  /** Ends it at once. It has nothing to save. */
  kill(): void
  /** Resolves when it is gone. */
  gone(): Promise<void>
  /** Whether it keeps this process alive: only while a run waits for it. */
  hold(held: boolean): void
}

/** Makes an executor of the sandbox's files in `assets`. */
export type ForkExecutor = (assets: string) => Executor
