import { Worker } from 'node:worker_threads'

/** Sent to a lane when a run is over: what it has linked is let go of. */
export const FORGET = 'forget'

const STACK_MB = 4
/** A lane has next to no objects of its own. */
const HEAP_MB = 64

/** Threads for lanes that no run uses at the moment: to start one takes as long as many calls. */
export class IdleWorkers {
  readonly #file: string
  readonly #threads = new Set<Worker>()
  #closed = false

  /** @param file what a lane's thread starts with */
  constructor(file: string) {
    this.#file = file
  }

  /** A thread that knows of no run. */
  take(): Worker {
    const [idle] = this.#threads
    if (idle === undefined) return this.#start()
    this.#threads.delete(idle)
    idle.ref()
    return unheard(idle)
  }

  /** Keeps a thread that has nothing to do any more. */
  keep(thread: Worker): void {
    if (this.#closed) return void thread.terminate()
    unheard(thread).on('error', () => this.#threads.delete(thread))
    thread.unref()
    thread.postMessage(FORGET)
    this.#threads.add(thread)
  }

  /** Ends them; no run comes any more. */
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

/** Without its listeners, but for those that Node itself has put there. */
function unheard(thread: Worker): Worker {
  return thread.removeAllListeners('message').removeAllListeners('error')
}
