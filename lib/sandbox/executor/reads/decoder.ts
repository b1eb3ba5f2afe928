import type { CallReply } from '../../engine/call-reply.ts'
import { copyPiece, type Piece } from '../pieces.ts'

/** A decoded piece of an object, and the offset where it ends. */
export interface Batch extends CallReply {
  /** The offset after the last byte of this batch. A reader that resumes starts there. */
  readonly end: number
  /** The undecoded piece, for kernels. */
  readonly piece?: Piece
}

/** Turns chunks into batches. Chunks arrive in order and may end anywhere, also within a character. */
export interface Decoder {
  /** @throws FormatError at the first malformed byte, after the batches before it */
  decode(chunk: Piece, last: boolean): Iterable<Batch>
  /** For CSV: the names of all columns, once they are known. A reader that resumes in the middle needs them. */
  readonly header?: readonly string[] | undefined
}

/** The bytes of an object are not in the format they were read as. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
}

/** The longest line or record, in bytes. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024

/** `rest` followed by `chunk`, always as a plain `Uint8Array`: loops over mixed kinds of arrays are slower in V8. */
export function joined(rest: Uint8Array, chunk: Piece): Uint8Array {
  const bytes = new Uint8Array(rest.length + chunk.length)
  bytes.set(rest)
  copyPiece(chunk, bytes.subarray(rest.length))
  return bytes
}
