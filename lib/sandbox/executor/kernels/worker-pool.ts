import type { Worker } from 'node:worker_threads'
import { type KernelCode, KernelError } from '../../../errors.ts'
import type { IdleWorkers } from '../idle-workers.ts'
import { buffersOf, type Piece } from '../pieces.ts'
import type { WorkerCall, WorkerReply } from './worker.ts'

export interface WorkerPoolOptions {
  readonly idle: IdleWorkers
  /** Called when the kernels of a worker have grown. */
  readonly onPages: () => void
}

/** The answer of a worker: the result as text, or the error; and the views, transferred back. */
export interface WorkerAnswer {
  readonly result?: string | undefined
  readonly error?: KernelError | undefined
  readonly views: readonly Piece[]
}

interface Waiting {
  readonly worker: number
  readonly resolve: (answer: WorkerAnswer) => void
  readonly reject: (error: KernelError) => void
}

/** The most calls that wait in all workers together. Each may hold a chunk. */
const MAX_WAITING = 64

/** The workers of one run. Each is a thread that is taken on its first call and returned when the run ends. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #threads: (Worker | undefined)[] = []
  readonly #pages: number[] = []
  readonly #waiting = new Map<number, Waiting>()
  #lastCall = 0

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** The memory of all kernels in all workers, in pages. */
  get pages(): number {
    return this.#pages.reduce((sum, pages) => sum + pages, 0)
  }

  /** Whether a kernel is running. It may never end. */
  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Calls a kernel in a worker. Its views are transferred there, and are empty here until the answer.
   *
   * @throws KernelError `KERNEL_BUSY` if too many calls wait, `KERNEL_TRAPPED` if the worker has ended
   */
  call(worker: number, request: Omit<WorkerCall, 'call'>): Promise<WorkerAnswer> {
    if (this.#waiting.size >= MAX_WAITING) throw tooMany()
    const call = ++this.#lastCall
    const answer = new Promise<WorkerAnswer>((resolve, reject) => this.#waiting.set(call, { worker, resolve, reject }))
    this.#thread(worker).postMessage({ ...request, call }, buffersOf(request.views))
    return answer
  }

  /** Returns idle threads and terminates those that are running a kernel, which may never end. */
  close(): void {
    const atWork = new Set([...this.#waiting.values()].map(({ worker }) => worker))
    for (const [worker, thread] of this.#threads.entries())
      if (atWork.has(worker)) void thread?.terminate()
      else if (thread !== undefined) this.#options.idle.keep(thread)
    this.#threads.length = 0
  }

  #thread(worker: number): Worker {
    const started = this.#threads[worker]
    if (started !== undefined) return started
    const thread = this.#options.idle.take()
    thread.on('message', (reply: WorkerReply) => this.#onReply(worker, reply))
    thread.on('error', () => this.#onLost(worker))
    this.#threads[worker] = thread
    return thread
  }

  #onReply(worker: number, { call, views, pages, result, fault }: WorkerReply): void {
    const waiting = this.#waiting.get(call)
    this.#waiting.delete(call)
    const grown = pages !== this.#pages[worker]
    this.#pages[worker] = pages
    if (grown) this.#options.onPages()
    waiting?.resolve({ views, result, error: fault && errorOf(fault) })
  }

  /** Handles the end of a thread, for example when its heap is exhausted. The next call starts another one. */
  #onLost(worker: number): void {
    this.#threads[worker] = undefined
    this.#pages[worker] = 0
    for (const [call, waiting] of this.#waiting)
      if (waiting.worker === worker) {
        this.#waiting.delete(call)
        waiting.reject(new KernelError('KERNEL_TRAPPED', 'the worker that ran the kernel has ended'))
      }
  }
}

function errorOf({ code, message, remedy }: NonNullable<WorkerReply['fault']>): KernelError {
  return new KernelError(code as KernelCode, message, remedy === undefined ? {} : { remedy })
}

function tooMany(): KernelError {
  return new KernelError('KERNEL_BUSY', `more than ${MAX_WAITING} calls wait for their workers`, {
    remedy: 'await some of the calls before you make more',
  })
}
