/** Bytes per second of one connection above which further connections gain nothing: twice what S3 gives to one. */
const FAST = 200e6
/** After a part that arrived at this rate, the next part is larger by this factor. */
const GROWTH = 4
/** The largest part, as a multiple of the usual size. */
const MAX_GROWTH = 16

/** Buffered bytes of a large part. More would not fit into the processor's caches. */
const FAST_WAITING_BYTES = 2 * 2 ** 20

/**
 * Chooses the size of the parts in which a store reads objects.
 *
 * S3 gives one connection 85 to 90 MB/s ("Performance design patterns for Amazon S3"), so parallel parts of the usual
 * size are best there. A server on the same computer gives ten times as much, and then the number of requests costs
 * most. So parts grow while they arrive fast, and return to the usual size when they don't.
 */
export class PartSizes {
  readonly #usual: number
  #growth = 1

  /** @param usual bytes of a part when S3 answers at its usual rate */
  constructor(usual: number) {
    this.#usual = usual
  }

  /** How many bytes the next part should have. */
  get next(): number {
    return this.#usual * this.#growth
  }

  /**
   * How many bytes of a part may be buffered for the reader. A part of usual size is buffered whole, because the parts
   * behind the first would stop otherwise. A larger part needs little, because it arrives as fast as it is read.
   */
  waiting(bytes: number): number {
    return bytes > this.#usual ? Math.min(this.#usual, FAST_WAITING_BYTES) : this.#usual
  }

  /** Records that `bytes` of a body took `ms`. Bodies below the usual part size are too short to measure a rate. */
  observe(bytes: number, ms: number): void {
    if (bytes < this.#usual) return
    const fast = bytes / ms > FAST / 1000
    this.#growth = fast ? Math.min(this.#growth * GROWTH, MAX_GROWTH) : 1
  }
}
