/**
 * Counts the bytes that are odd after four rounds of xorshift. The work is arithmetic on every byte, and the order does
 * not matter.
 */
export function odd(bytes: Uint8Array): number {
  let count = 0
  for (let i = 0; i < bytes.length; i++) {
    let x = bytes[i]! + 1
    for (let round = 0; round < 4; round++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
    }
    count += x & 1
  }
  return count
}
