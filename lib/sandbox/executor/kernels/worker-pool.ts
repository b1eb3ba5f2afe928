import type { Worker } from 'node:worker_threads'
import { type KernelCode, KernelError } from '../../../errors.ts'
import type { IdleWorkers } from '../idle-workers.ts'
import { buffersOf, type Piece } from '../pieces.ts'
import type { WorkerCall, WorkerReply } from './worker.ts'

export interface WorkerPoolOptions {
  readonly idle: IdleWorkers
  /** Asked when a lane's kernels have grown. */
  readonly onPages: () => void
}

/** What came of a call: the result as text or why there is none, and the views, moved back. */
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

/** Calls that wait in all lanes together: each may hold a piece of an object. */
const MAX_WAITING = 64

/** The lanes of one run. Each is a thread that is taken when it is first called, and given back when the run ends. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #threads: (Worker | undefined)[] = []
  readonly #pages: number[] = []
  readonly #waiting = new Map<number, Waiting>()
  #lastCall = 0

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Pages of memory of all kernels in all lanes. */
  get pages(): number {
    return this.#pages.reduce((sum, pages) => sum + pages, 0)
  }

  /** Whether a kernel is at work: it may be one that never ends. */
  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Calls a kernel in a lane. Its views are moved there: until the answer they are empty here.
   *
   * @throws KernelError `KERNEL_BUSY` when too many calls wait, `KERNEL_TRAPPED` when the lane itself has ended
   */
  call(worker: number, request: Omit<WorkerCall, 'call'>): Promise<WorkerAnswer> {
    if (this.#waiting.size >= MAX_WAITING) throw tooMany()
    const call = ++this.#lastCall
    const answer = new Promise<WorkerAnswer>((resolve, reject) => this.#waiting.set(call, { worker, resolve, reject }))
    this.#thread(worker).postMessage({ ...request, call }, buffersOf(request.views))
    return answer
  }

  /** Gives all threads back. One that is at work may be so for ever: it ends. */
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

  /** A thread can run out of its heap, say. What it held is gone; the next call starts another. */
  #onLost(worker: number): void {
    this.#threads[worker] = undefined
    this.#pages[worker] = 0
    for (const [call, waiting] of this.#waiting)
      if (waiting.worker === worker) {
        this.#waiting.delete(call)
        waiting.reject(new KernelError('KERNEL_TRAPPED', 'the lane the kernel was in has ended'))
      }
  }
}

function errorOf({ code, message, remedy }: NonNullable<WorkerReply['fault']>): KernelError {
  return new KernelError(code as KernelCode, message, remedy === undefined ? {} : { remedy })
}

function tooMany(): KernelError {
  return new KernelError('KERNEL_BUSY', `more than ${MAX_WAITING} calls wait for their lanes`, {
    remedy: 'await a call before you make many more',
  })
}
