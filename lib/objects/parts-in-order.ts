import { onAbort } from './abort.ts'
import type { Part } from './read-plan.ts'

/**
 * Takes the next bytes of a part. Where enough of them wait for the reader, it returns a promise of room for more: no
 * more should be fetched before.
 */
export type Deliver = (chunk: Uint8Array) => Promise<void> | undefined

/**
 * Fetches one part: calls `deliver` with its bytes in order, then settles. Once `signal` aborts it ends what it has
 * under way.
 */
export type FetchPart = (part: Part, deliver: Deliver, signal: AbortSignal) => Promise<void>

export interface PartsInOrderOptions {
  /** Parts under way or waiting for the reader, at most. */
  readonly concurrency: number
  /** Bytes of a part that may wait for the reader. They bound the memory: `concurrency` × these. */
  readonly waitingBytes: (part: Part) => number
  readonly signal?: AbortSignal | undefined
}

/**
 * Fetches parts side by side and yields their bytes one after the other. Chunks of the part in front pass as they
 * arrive; those of the parts behind it wait. A part begins only once another was read to its end, so a slow reader
 * holds the fetching back. Whatever ends the reading, be it a failure, the signal or the reader, ends the fetching.
 *
 * @throws what `fetch` threw for the part in front, or the signal's reason
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

/** One part under way: what has arrived and was not read yet. */
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

  /** Takes all that has arrived at a time: one wait for many chunks, where the network is faster than the reader. */
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
