/** `Math.random` for agents, seeded per mission and region, so that a run can be repeated. */

// sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes PractRand, and needs 32-bit operations only.
let [a, b, c, counter] = [1, 2, 3, 4]

/** @param seed four 32-bit words */
export function seedRandom(seed: readonly number[]): void {
  ;[a, b, c, counter] = [seed[0]! | 0, seed[1]! | 0, seed[2]! | 0, seed[3]! | 0]
  for (let round = 0; round < 12; round++) next()
}

function next(): number {
  const sum = (((a + b) | 0) + counter) | 0
  counter = (counter + 1) | 0
  a = b ^ (b >>> 9)
  b = (c + (c << 3)) | 0
  c = ((c << 21) | (c >>> 11)) + sum
  c |= 0
  return sum >>> 0
}

export function installRandom(): void {
  Math.random = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53
}
