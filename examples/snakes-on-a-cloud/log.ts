/** The data in the regions, and the finding that the tour must return. */
import { RandomStream } from '../support/random-stream.ts'
import type { Finding } from './tour.ts'

const LEVELS = ['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR']
const VERBS = ['opened', 'read', 'moved', 'closed', 'lost']

/** Returns the log of a region, which is always the same. */
export function makeLog(region: string, bytes: number): Buffer {
  const stream = new RandomStream({ mission: region, index: 0 })
  const one = (words: readonly string[]) => words[Math.floor(stream.uniform() * words.length)]!
  const lines: string[] = []
  for (let length = 0; length < bytes; length += lines.at(-1)!.length)
    lines.push(`${stream.word()} ${one(LEVELS)} ${region} ${one(VERBS)} object ${stream.word() % 1000}\n`)
  return Buffer.from(lines.join('')).subarray(0, bytes)
}

/** Computes the finding in this process. */
export function expectedFinding(logs: readonly Buffer[], regions: readonly string[]): Finding {
  const all = Buffer.concat(logs)
  const counts = new Array<number>(256).fill(0)
  let checksum = 0x811c9dc5
  for (const byte of all) {
    counts[byte]!++
    checksum = Math.imul(checksum ^ byte, 0x01000193) >>> 0
  }
  const shares = counts.filter((count) => count > 0).map((count) => count / all.length)
  const entropy = shares.reduce((sum, share) => sum - share * Math.log2(share), 0)
  return { bytes: all.length, checksum, entropy, visited: regions }
}
