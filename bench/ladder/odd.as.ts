export function odd(bytes: Uint8Array): i32 {
  let count = 0
  for (let i = 0; i < bytes.length; i++) {
    let x = <u32>bytes[i] + 1
    for (let round = 0; round < 4; round++) {
      x ^= x << 13
      x ^= x >> 17
      x ^= x << 5
    }
    count += x & 1
  }
  return count
}
