/** The end of a log, with bounded memory. */
export interface LogTail {
  append(text: Uint8Array | string): void
  /** The last `bytes` of the log, without a partial character at the start. @default all that is kept */
  read(bytes?: number): string
}

/** Keeps the last `capacity` bytes. It drops whole pieces at the front, so that an append copies nothing. */
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

/** Drops UTF-8 continuation bytes at the start, which belong to a character that was cut. */
function dropBrokenStart(text: Buffer): Buffer {
  let start = 0
  while (start < text.length && start < 4 && ((text[start] ?? 0) & 0xc0) === 0x80) start++
  return text.subarray(start)
}
