/** The end of a log, never more than its size in memory. */
export interface LogTail {
  append(text: Uint8Array | string): void
  /** The last `bytes` of the log, cut at a character; all there is by default. */
  read(bytes?: number): string
}

/** Keeps the last `capacity` bytes. Whole pieces fall off the front, so an append costs no copy of the rest. */
export function createLogTail(capacity: number): LogTail {
  let pieces: Buffer[] = []
  let size = 0
  return {
    append(text) {
      const piece = Buffer.from(text as string).subarray(-capacity)
      pieces.push(piece)
      size += piece.length
      if (size < 2 * capacity) return
      pieces = [Buffer.concat(pieces).subarray(-capacity)]
      size = capacity
    },
    read: (bytes = capacity) => dropBrokenStart(Buffer.concat(pieces).subarray(-bytes)).toString(),
  }
}

/** UTF-8 continuation bytes at the start belong to a character that was cut. */
function dropBrokenStart(text: Buffer): Buffer {
  let start = 0
  while (start < text.length && start < 4 && ((text[start] ?? 0) & 0xc0) === 0x80) start++
  return text.subarray(start)
}
