import { onAbort } from './abort.ts'
import type { Part } from './read-plan.ts'

/**
 * Takes the next bytes of a part. If the buffer is full, it returns a promise that resolves when there is room again. The
 * caller must fetch no more before that.
 */
export type Deliver = (chunk: Uint8Array) => Promise<void> | undefined

/** Fetches one part and calls `deliver` with its bytes in order. When `signal` aborts, it stops its requests. */
export type FetchPart = (part: Part, deliver: Deliver, signal: AbortSignal) => Promise<void>

export interface PartsInOrderOptions {
  /** The most parts that are being fetched or are buffered at the same time. */
  readonly concurrency: number
  /** The most bytes of a part that are buffered. `concurrency` times this bounds the memory. */
  readonly waitingBytes: (part: Part) => number
  readonly signal?: AbortSignal | undefined
}

/**
 * Fetches parts in parallel and yields their bytes in order. Chunks of the first unread part are yielded as they arrive;
 * chunks of later parts are buffered. A new part starts only after another has been read, so a slow reader slows the
 * fetching down. When reading ends, by an error, the signal or the reader, all fetching ends too.
 *
 * @throws the error of the part that is read, or the signal's reason
 */
export async function* readInOrder(
  parts: Iterable<Part>,
  fetch: FetchPart,
  { concurrency, waitingBytes, signal }: PartsInOrderOptions,
): AsyncGenerator<Uint8Array, void> {
  const waiting = parts[Symbol.iterator]()
  const underWay: PartQueue[] = []
  const abort = new AbortController()
  const stopListening = onAbort(signal, (reason) => abort.abort(reason))
  const fill = () => {
    while (underWay.length < concurrency) {
      const { value: part, done } = waiting.next()
      if (done) return
      underWay.push(new PartQueue(part, fetch, waitingBytes(part), abort.signal))
    }
  }
  try {
    for (fill(); underWay[0]; fill()) {
      yield* underWay[0].chunks()
      underWay.shift()
    }
  } finally {
    stopListening()
    abort.abort()
  }
}

/** One part that is being fetched, with the chunks that arrived and were not read yet. */
class PartQueue {
  readonly #waitingBytes: number
  #arrived: Uint8Array[] = []
  #bytes = 0
  #end: { readonly failure?: unknown } | undefined
  #wake = () => {}
  #makeRoom = () => {}

  constructor(part: Part, fetch: FetchPart, waitingBytes: number, signal: AbortSignal) {
    this.#waitingBytes = waitingBytes
    const deliver: Deliver = (chunk) => this.#take(chunk)
    const stopListening = onAbort(signal, (failure) => this.#finish({ failure }))
    fetch(part, deliver, signal)
      .then(
        () => this.#finish({}),
        (failure) => this.#finish({ failure }),
      )
      .finally(stopListening)
  }

  #take(chunk: Uint8Array): Promise<void> | undefined {
    this.#arrived.push(chunk)
    this.#bytes += chunk.length
    this.#wake()
    if (this.#bytes < this.#waitingBytes) return undefined
    return new Promise((resolve) => {
      this.#makeRoom = resolve
    })
  }

  #finish(end: { readonly failure?: unknown }): void {
    this.#end ??= end
    this.#wake()
  }

  /** Yields all arrived chunks before it waits again. If the network is faster than the reader, that saves waits. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    while (true) {
      const arrived = this.#arrived
      this.#arrived = []
      for (const chunk of arrived) {
        this.#throwIfFailed()
        yield chunk
        this.#bytes -= chunk.length
        if (this.#bytes < this.#waitingBytes / 2) this.#makeRoom()
      }
      if (this.#arrived.length > 0) continue
      this.#throwIfFailed()
      if (this.#end) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #throwIfFailed(): void {
    if (this.#end && 'failure' in this.#end) throw this.#end.failure
  }
}
