/**
 * Pieces of objects: in memory, or in the file that the sandbox shares with its executor. A piece in the file stays
 * there until its bytes are needed, and is then read directly into its target.
 */
import { readSync } from 'node:fs'
import { CHUNK_PLACES, FILED_CHUNK_BYTES } from '../wire/protocol.ts'

/** A piece in the shared file. A plain object, so that it can be sent to another thread. */
export interface FiledPiece {
  readonly fd: number
  readonly place: number
  /** In bytes. */
  readonly length: number
}

export type Piece = Uint8Array | FiledPiece

export function isFiled(piece: Piece): piece is FiledPiece {
  return 'place' in piece
}

/** Copies the bytes of a piece to the start of `target`. */
export function copyPiece(piece: Piece, target: Uint8Array): void {
  if (!isFiled(piece)) target.set(piece)
  else readFile(piece, target)
}

/** The bytes of a piece, in memory. */
export function bytesOf(piece: Piece): Uint8Array {
  if (!isFiled(piece)) return piece
  const bytes = new Uint8Array(piece.length)
  readFile(piece, bytes)
  return bytes
}

/** The buffers to transfer with the pieces to another thread. */
export function buffersOf(pieces: readonly Piece[]): ArrayBuffer[] {
  return [...new Set(pieces.flatMap((piece) => (isFiled(piece) ? [] : [piece.buffer as ArrayBuffer])))]
}

function readFile({ fd, place, length }: FiledPiece, target: Uint8Array): void {
  if (readSync(fd, target, 0, length, place * FILED_CHUNK_BYTES) !== length)
    throw new Error('a chunk is missing in the shared file')
}

/** The free places in the shared file. */
export class ChunkPlaces {
  readonly #fd: number | undefined
  readonly #free: number[]

  /** @param fd the shared file; `undefined` if there is none */
  constructor(fd: number | undefined) {
    this.#fd = fd
    this.#free = fd === undefined ? [] : Array.from({ length: CHUNK_PLACES }, (_, place) => place)
  }

  /** Reserves a place for one chunk, if one is free. */
  take(): number | undefined {
    return this.#free.pop()
  }

  giveBack(place: number | undefined): void {
    if (place !== undefined) this.#free.push(place)
  }

  /** Frees the place of a piece that is no longer needed. */
  release(piece: Piece): void {
    if (isFiled(piece)) this.giveBack(piece.place)
  }

  /** The piece in a place. */
  piece(place: number, length: number): FiledPiece {
    return { fd: this.#fd!, place, length }
  }
}
