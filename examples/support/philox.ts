/**
 * Philox 4x32-10, a stateless random number generator: a block of 128 random bits is a function of a 128-bit counter
 * and a 64-bit key. So block n of a stream does not need the blocks before it. Streams with different keys, or
 * different upper words of the counter, are independent, wherever they run.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC '11,
 * https://doi.org/10.1145/2063384.2063405, section 4.3 and table 2.
 */

/** Four 32-bit words. */
export type Block = readonly [number, number, number, number]

/** Two 32-bit words. */
export type PhiloxKey = readonly [number, number]

export const ROUNDS = 10
export const MULTIPLIERS: PhiloxKey = [0xd2511f53, 0xcd9e8d57]
/** The round constants of the key, from the golden ratio and from √3 − 1. */
const KEY_STEPS: PhiloxKey = [0x9e3779b9, 0xbb67ae85]

/** Returns the keys of all rounds. */
export function keySchedule([low, high]: PhiloxKey): PhiloxKey[] {
  return Array.from({ length: ROUNDS }, (_, round) => [
    (low + Math.imul(round, KEY_STEPS[0])) >>> 0,
    (high + Math.imul(round, KEY_STEPS[1])) >>> 0,
  ])
}

/** Returns the block of a counter, whose least significant word comes first. This is the definition, word by word. */
export function philox(counter: Block, key: PhiloxKey): Block {
  return keySchedule(key).reduce<Block>(([a, b, c, d], [k0, k1]) => {
    const [high0, low0] = multiply(MULTIPLIERS[0], a)
    const [high1, low1] = multiply(MULTIPLIERS[1], c)
    return [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0]
  }, counter)
}

/** Returns the upper and the lower half of the product of two words. */
function multiply(x: number, y: number): PhiloxKey {
  const low = Math.imul(x, y) >>> 0
  // The rounded product is off by at most 2^10. Without its lower half it is close to 2^32 times a whole number.
  return [Math.round((x * y - low) / 2 ** 32), low]
}
