import { agent, type Chunk } from 'lander/agent'
import { tour } from './tour.ts'

/** The tour with an interpreted inner loop. */
export default agent(() => tour(scan))

function scan(checksum: number, chunk: Chunk, counts: Uint32Array): number {
  const bytes = chunk.bytes()
  let hash = checksum
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    counts[byte]!++
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return hash >>> 0
}
