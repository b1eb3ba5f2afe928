import type { Worker } from 'node:worker_threads'
import { type KernelCode, KernelError } from '../../../errors.ts'
import type { IdleLanes } from '../idle-workers.ts'
import { buffersOf, type Piece } from '../pieces.ts'
import type { LaneCall, LaneReply } from './worker.ts'

export interface LanesOptions {
  readonly idle: IdleLanes
  /** Asked when a lane's kernels have grown. */
  readonly onPages: () => void
}

/** What came of a call: the result as text or why there is none, and the views, moved back. */
export interface LaneAnswer {
  readonly result?: string | undefined
  readonly error?: KernelError | undefined
  readonly views: readonly Piece[]
}

interface Waiting {
  readonly lane: number
  readonly resolve: (answer: LaneAnswer) => void
  readonly reject: (error: KernelError) => void
}

/** Calls that wait in all lanes together: each may hold a piece of an object. */
const MAX_WAITING = 64

/** The lanes of one run. Each is a thread that is taken when it is first called, and given back when the run ends. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #threads: (Worker | undefined)[] = []
  readonly #pages: number[] = []
  readonly #waiting = new Map<number, Waiting>()
  #lastCall = 0

  constructor(options: LanesOptions) {
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
  call(lane: number, request: Omit<LaneCall, 'call'>): Promise<LaneAnswer> {
    if (this.#waiting.size >= MAX_WAITING) throw tooMany()
    const call = ++this.#lastCall
    const answer = new Promise<LaneAnswer>((resolve, reject) => this.#waiting.set(call, { lane, resolve, reject }))
    this.#thread(lane).postMessage({ ...request, call }, buffersOf(request.views))
    return answer
  }

  /** Gives all threads back. One that is at work may be so for ever: it ends. */
  close(): void {
    const atWork = new Set([...this.#waiting.values()].map(({ lane }) => lane))
    for (const [lane, thread] of this.#threads.entries())
      if (atWork.has(lane)) void thread?.terminate()
      else if (thread !== undefined) this.#options.idle.keep(thread)
    this.#threads.length = 0
  }

  #thread(lane: number): Worker {
    const started = this.#threads[lane]
    if (started !== undefined) return started
    const thread = this.#options.idle.take()
    thread.on('message', (reply: LaneReply) => this.#onReply(lane, reply))
    thread.on('error', () => this.#onLost(lane))
    this.#threads[lane] = thread
    return thread
  }

  #onReply(lane: number, { call, views, pages, result, fault }: LaneReply): void {
    const waiting = this.#waiting.get(call)
    this.#waiting.delete(call)
    const grown = pages !== this.#pages[lane]
    this.#pages[lane] = pages
    if (grown) this.#options.onPages()
    waiting?.resolve({ views, result, error: fault && errorOf(fault) })
  }

  /** A thread can run out of its heap, say. What it held is gone; the next call starts another. */
  #onLost(lane: number): void {
    this.#threads[lane] = undefined
    this.#pages[lane] = 0
    for (const [call, waiting] of this.#waiting)
      if (waiting.lane === lane) {
        this.#waiting.delete(call)
        waiting.reject(new KernelError('KERNEL_TRAPPED', 'the lane the kernel was in has ended'))
      }
  }
}

function errorOf({ code, message, remedy }: NonNullable<LaneReply['fault']>): KernelError {
  return new KernelError(code as KernelCode, message, remedy === undefined ? {} : { remedy })
}

function tooMany(): KernelError {
  return new KernelError('KERNEL_BUSY', `more than ${MAX_WAITING} calls wait for their lanes`, {
    remedy: 'await a call before you make many more',
  })
}
