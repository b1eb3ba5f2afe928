/**
 * How bytes get onto a line, as a plan: given when a piece is ready, when has its last bit left? Pure but for the
 * lines' own state; nothing here waits.
 */

/** One direction of a connection between places. Everything that goes that way shares it. */
export interface Line {
  readonly bitsPerSecond: number
  /** When the last bit that is planned so far has left, in milliseconds of the clock in use. */
  freeAt: number
}

export function createLine(bitsPerSecond: number): Line {
  return { bitsPerSecond, freeAt: Number.NEGATIVE_INFINITY }
}

/** Milliseconds that so many bytes take on a line. */
export function transmitMs(bytes: number, bitsPerSecond: number): number {
  return (bytes * 8 * 1000) / bitsPerSecond
}

/**
 * Plans a piece on lines in a row and books their time. The lines are reserved in the order given: put the one that
 * most streams share first, or a queue behind it would keep it idle.
 *
 * @param readyAt When the piece is there to be sent, in milliseconds.
 * @returns When its last bit has left each line.
 */
export function planDepartures(lines: readonly Line[], readyAt: number, bytes: number): number[] {
  let at = readyAt
  return lines.map((line) => {
    at = Math.max(at, line.freeAt) + transmitMs(bytes, line.bitsPerSecond)
    line.freeAt = at
    return at
  })
}

/**
 * The most that is forgiven a sender who comes back late from waiting for its line: timers ring late, by hundreds of
 * milliseconds on a busy machine, and a delay that is not made up for is lost for good. It is the depth of a token
 * bucket, in time.
 */
export const FORGIVEN_MS = 500

/**
 * How far a sender is behind its line after a piece. Its next piece counts as ready that much earlier: while it
 * waited, it had more to send. What it spends on its source or its receiver is not in there, and is its own loss.
 */
export function lateness(now: number, leftAt: number): number {
  return Math.min(FORGIVEN_MS, Math.max(0, now - leftAt))
}

/** How much time a piece may take on the slowest line: short turns keep many streams fair. */
const TURN_MS = 5
const MIN_PIECE_BYTES = 4 * 1024
const MAX_PIECE_BYTES = 64 * 1024

/** The bytes that a stream sends in one turn on these lines. Streams queue for every turn, so they share evenly. */
export function pieceBytes(lines: readonly Line[]): number {
  const slowest = Math.min(...lines.map((line) => line.bitsPerSecond))
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, Math.floor((slowest / 8 / 1000) * TURN_MS)))
}

/** Cuts a chunk into the pieces of its turns, without copying. */
export function cutPieces(chunk: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(chunk.length / size)
  return Array.from({ length: count }, (_, i) => chunk.subarray(i * size, (i + 1) * size))
}
