import * as v from 'valibot'
import type { CallReply } from '../../engine/call-reply.ts'
import type { Chunks } from '../chunks.ts'
import type { Piece } from '../pieces.ts'
import type { Kernels } from './kernels.ts'
import { workerCount } from './worker-count.ts'
import type { WorkerPool } from './worker-pool.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const workerRequest = v.strictObject({
  worker: count,
  slot: count,
  /** The arguments by position. The entry of a view is empty. */
  scalars: v.array(v.string()),
  /** The views in order: the number of a chunk, a text, or a count of bytes from the request's body. */
  views: v.array(
    v.union([v.strictObject({ chunk: count }), v.strictObject({ text: v.string() }), v.strictObject({ bytes: count })]),
  ),
})

interface Lent {
  readonly view: Piece
  readonly giveBack?: (piece: Piece) => void
}

/** Runs the guest's calls of kernels in worker threads. */
export class WorkerCalls {
  readonly #kernels: Kernels
  readonly #chunks: Chunks
  readonly #workers: WorkerPool

  constructor(kernels: Kernels, chunks: Chunks, workers: WorkerPool) {
    this.#kernels = kernels
    this.#chunks = chunks
    this.#workers = workers
  }

  /**
   * Runs a call. The reply contains the result as text, and the bytes of all typed arrays, one after the other,
   * since the kernel may have written to them.
   *
   * @throws KernelError, ObjectError
   */
  async call(request: string, bytes: Uint8Array | undefined): Promise<CallReply> {
    const { worker, slot, scalars, views } = v.parse(workerRequest, JSON.parse(request))
    const { called, viewWrites } = this.#kernels.workerFunction(slot)
    let taken = 0
    const lent = views.map((view, index): Lent => {
      if ('chunk' in view) return this.#chunks.lend(view.chunk, viewWrites[index] === true)
      if ('text' in view) return { view: Uint8Array.from(Buffer.from(view.text)) }
      taken += view.bytes
      return { view: bytes!.slice(taken - view.bytes, taken) }
    })
    const answer = await this.#workers.call(worker % workerCount(), {
      ...called,
      scalars,
      views: lent.map(({ view }) => view),
    })
    for (const [index, { giveBack }] of lent.entries()) giveBack?.(answer.views[index]!)
    if (answer.error !== undefined) throw answer.error
    const written = answer.views.filter((_, index) => 'bytes' in views[index]!) as Uint8Array[]
    return { text: answer.result ?? '', ...(written.length > 0 && { bytes: Buffer.concat(written) }) }
  }
}
