import type { CallReply } from '../../engine/call-reply.ts'
import { copyPiece, type Piece } from '../pieces.ts'

/** A piece of an object made ready for the guest, and where in the object it ends. */
export interface Batch extends CallReply {
  /** Offset one past the last byte that went into this batch: a reader that is taken up again starts there. */
  readonly end: number
  /** What is handed on as it has come, for kernels. */
  readonly piece?: Piece
}

/** Turns chunks into batches. Chunks come in order and may end anywhere, in the middle of a character too. */
export interface Decoder {
  /** @throws FormatError, after the batches before it, where the bytes are not what the decoder reads */
  decode(chunk: Piece, last: boolean): Iterable<Batch>
  /** Names of all columns, once they are known: whoever goes on in the middle needs them. CSV only. */
  readonly header?: readonly string[] | undefined
}

/** The bytes of an object are not in the format they were read as. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
}

/** Most bytes a single line, or record, may have. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024

/** `carry` followed by `chunk`: a plain `Uint8Array`, since loops over two kinds of arrays are slower in V8. */
export function joined(carry: Uint8Array, chunk: Piece): Uint8Array {
  const bytes = new Uint8Array(carry.length + chunk.length)
  bytes.set(carry)
  copyPiece(chunk, bytes.subarray(carry.length))
  return bytes
}
