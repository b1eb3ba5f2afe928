import { keySchedule, MULTIPLIERS, type PhiloxKey } from './philox.ts'

/** The blocks that are computed at once, and the number of their words. */
const LANES = 32
const BATCH = 4 * LANES
/** The number of values of a word. */
const WORD_VALUES = 4_294_967_296
const LANE_BITS = 64n
/** A one in every 64-bit lane. */
const ONES = lanes(() => 1n)
const LOW_HALVES = ONES * 0xffff_ffffn
const [M0, M1] = MULTIPLIERS.map(BigInt) as [bigint, bigint]

/** Selects the numbers to draw: every index of every mission has its own stream. */
export interface StreamName {
  readonly mission: string
  /** From 0 to 2^32 − 1. */
  readonly index: number
}

/**
 * The numbers of Philox 4x32-10 for one stream, in the order of their blocks. The key is derived from the mission. The
 * index is the second word of the counter, so streams of one mission can't overlap within 2^34 words each.
 *
 * An interpreter's cost depends on the number of operations, not on the width of the operands. So 32 blocks are
 * computed side by side in big integers, one block to each 64 bits: a product of two 32-bit words just fits, and one
 * interpreted multiplication does 32 of them. In QuickJS that is five times as fast as word by word.
 *
 * @example
 * const stream = new RandomStream({ mission, index: 0 })
 * const dice = 1 + Math.floor(stream.uniform() * 6)
 */
export class RandomStream {
  readonly #keys: readonly (readonly [bigint, bigint])[]
  readonly #index: bigint
  /** The words of a batch, and the same memory as half blocks. */
  readonly #words = new Uint32Array(BATCH)
  readonly #halves = new BigUint64Array(this.#words.buffer)
  #counters = lanes((lane) => BigInt(lane))
  #next = BATCH

  constructor({ mission, index }: StreamName) {
    this.#keys = keySchedule(keyOf(mission)).map(([k0, k1]) => [ONES * BigInt(k0), ONES * BigInt(k1)])
    this.#index = ONES * BigInt(index)
  }

  /** Returns the next 128 words, from 0 to 2^32 − 1 each. The array is reused: read it before the next call. */
  batch(): Uint32Array {
    let a = this.#counters
    let b = this.#index
    let c = 0n
    let d = 0n
    for (const [k0, k1] of this.#keys) {
      const p = a * M0
      const q = c * M1
      a = ((q >> 32n) & LOW_HALVES) ^ b ^ k0
      b = q & LOW_HALVES
      c = ((p >> 32n) & LOW_HALVES) ^ d ^ k1
      d = p & LOW_HALVES
    }
    this.#counters += ONES * BigInt(LANES)
    this.#spread(a | (b << 32n), 0, LANES)
    this.#spread(c | (d << 32n), 1, LANES)
    return this.#words
  }

  /** Returns the next word, from 0 to 2^32 − 1. */
  word(): number {
    return this.#words[this.#advance()]!
  }

  /** Returns the next number in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.word() / WORD_VALUES
  }

  /** Returns the next integer from 0 to `count` − 1; `count` is at most 2^31. */
  below(count: number): number {
    const next = this.#next
    if (next === BATCH) return (this.word() * (count / WORD_VALUES)) | 0
    this.#next = next + 1
    return (this.#words[next]! * (count / WORD_VALUES)) | 0
  }

  /** The index of the next word. */
  #advance(): number {
    if (this.#next === BATCH) {
      this.batch()
      this.#next = 0
    }
    return this.#next++
  }

  /**
   * Writes every other half block, one lane at a time. Long integers are split in two first, because the cost
   * of a shift grows with their length.
   */
  #spread(packed: bigint, at: number, count: number): void {
    if (count > 8) {
      const half = count >> 1
      this.#spread(BigInt.asUintN(Number(LANE_BITS) * half, packed), at, half)
      this.#spread(packed >> (LANE_BITS * BigInt(half)), at + 2 * half, count - half)
      return
    }
    let rest = packed
    for (let lane = 0; lane < count; lane++, rest >>= LANE_BITS) this.#halves[at + 2 * lane] = rest
  }
}

/**
 * FNV-1a with 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), which is enough to tell missions apart. The lower
 * word comes first.
 */
export function keyOf(mission: string): PhiloxKey {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(mission))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return [Number(hash & 0xffff_ffffn), Number(hash >> 32n)]
}

function lanes(numberOf: (lane: number) => bigint): bigint {
  return Array.from({ length: LANES }, (_, lane) => numberOf(lane) << (LANE_BITS * BigInt(lane))).reduce(
    (all, one) => all | one,
  )
}
