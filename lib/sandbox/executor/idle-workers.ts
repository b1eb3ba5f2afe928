import { Worker } from 'node:worker_threads'

/** Tells a worker that its run has ended, so that it releases its kernels. */
export const FORGET = 'forget'

const STACK_MB = 4
/** The heap of a worker, which has hardly any JavaScript objects. */
const HEAP_MB = 64

/** Idle worker threads. Runs reuse them, because starting a thread takes as long as many calls. */
export class IdleWorkers {
  readonly #file: string
  readonly #threads = new Set<Worker>()
  #closed = false

  /** @param file the entry file of a worker */
  constructor(file: string) {
    this.#file = file
  }

  /** Returns an idle thread, or starts a new one. */
  take(): Worker {
    const [idle] = this.#threads
    if (idle === undefined) return this.#start()
    this.#threads.delete(idle)
    idle.ref()
    return withoutListeners(idle)
  }

  /** Takes back a thread that has nothing to do. */
  keep(thread: Worker): void {
    if (this.#closed) return void thread.terminate()
    withoutListeners(thread).on('error', () => this.#threads.delete(thread))
    thread.unref()
    thread.postMessage(FORGET)
    this.#threads.add(thread)
  }

  /** Ends all idle threads, and those that are taken back later. */
  close(): void {
    this.#closed = true
    for (const thread of this.#threads) void thread.terminate()
    this.#threads.clear()
  }

  #start(): Worker {
    const resourceLimits = { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: HEAP_MB }
    return new Worker(this.#file, { workerData: { worker: true }, resourceLimits })
  }
}

/** Removes the listeners of the last run. Node's own listeners use other events. */
function withoutListeners(thread: Worker): Worker {
  return thread.removeAllListeners('message').removeAllListeners('error')
}
