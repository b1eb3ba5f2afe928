/**
 * Plans when bytes leave simulated lines: given the time when a piece is ready, it computes when its last bit has left.
 * It changes only the state of the lines, and never waits.
 */

/** One direction of the link between two places. All traffic in that direction shares it. */
export interface Line {
  readonly bitsPerSecond: number
  /** When the last planned bit has left, in milliseconds of the clock. */
  freeAt: number
}

export function createLine(bitsPerSecond: number): Line {
  return { bitsPerSecond, freeAt: Number.NEGATIVE_INFINITY }
}

/** Milliseconds that bytes take on a line. */
export function transmitMs(bytes: number, bitsPerSecond: number): number {
  return (bytes * 8 * 1000) / bitsPerSecond
}

/**
 * Plans a piece on several lines in series and reserves their time. The most shared line must be first; otherwise a queue
 * behind it would leave it idle.
 *
 * @param readyAt when the piece is ready, in milliseconds
 * @returns when its last bit has left each line
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
 * The most lateness that is compensated. Timers fire late, by hundreds of milliseconds on a busy computer, and lateness
 * without compensation would reduce the rate of the line. It is the depth of a token bucket in milliseconds.
 */
export const FORGIVEN_MS = 500

/**
 * How far a sender is behind its line after a piece. Its next piece counts as ready that much earlier, because it was
 * ready while the sender's timer was late. Time that the sender spends on its source or receiver is not compensated.
 */
export function lateness(now: number, leftAt: number): number {
  return Math.min(FORGIVEN_MS, Math.max(0, now - leftAt))
}

/** How long one piece may take on the slowest line. Short turns share a line fairly between streams. */
const TURN_MS = 5
const MIN_PIECE_BYTES = 4 * 1024
const MAX_PIECE_BYTES = 64 * 1024

/** The bytes that a stream sends in one turn. Streams queue for every turn, so they get equal shares. */
export function pieceBytes(lines: readonly Line[]): number {
  const slowest = Math.min(...lines.map((line) => line.bitsPerSecond))
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, Math.floor((slowest / 8 / 1000) * TURN_MS)))
}

/** Cuts a chunk into pieces for turns, without copying. */
export function cutPieces(chunk: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(chunk.length / size)
  return Array.from({ length: count }, (_, i) => chunk.subarray(i * size, (i + 1) * size))
}
