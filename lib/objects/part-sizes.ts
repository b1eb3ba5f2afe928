/** Bytes per second of one connection, above which more connections gain nothing. Twice what S3 gives one. */
const FAST = 200e6
/** A part that came this fast is followed by one so many times as large … */
const GROWTH = 4
/** … up to this many times the usual size. */
const MAX_GROWTH = 16

/** Bytes of a part that may wait where parts come fast: more would leave the processor's caches. */
const FAST_WAITING_BYTES = 2 * 2 ** 20

/**
 * How large the parts of a store's reads are.
 *
 * Parts side by side are for S3, where one connection brings 85 to 90 MB/s ("Performance design patterns for Amazon
 * S3"). A server on this machine, or in the same rack, brings ten times that through one, and then the requests are
 * what costs: so parts grow as long as they come fast, and are as small as ever once they don't.
 */
export class PartSizes {
  readonly #usual: number
  #growth = 1

  /** @param usual bytes of a part from S3 */
  constructor(usual: number) {
    this.#usual = usual
  }

  /** Bytes of the next part. */
  get next(): number {
    return this.#usual * this.#growth
  }

  /**
   * Bytes of a part that may wait for the reader: all of a usual one, or those behind the first would have to stop; little
   * of a larger one, which comes as fast as it is read.
   */
  waiting(bytes: number): number {
    return bytes > this.#usual ? Math.min(this.#usual, FAST_WAITING_BYTES) : this.#usual
  }

  /** Takes note of how long it took for `bytes` of a body to come. What is less than a usual part tells nothing. */
  observe(bytes: number, ms: number): void {
    if (bytes < this.#usual) return
    const fast = bytes / ms > FAST / 1000
    this.#growth = fast ? Math.min(this.#growth * GROWTH, MAX_GROWTH) : 1
  }
}
