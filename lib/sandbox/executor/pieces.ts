/**
 * Pieces of objects as they have come: in memory, or in the file that the sandbox shares with its executor. Those stay
 * there until somebody needs the bytes, and are then read to where they are worked on.
 */
import { readSync } from 'node:fs'
import { CHUNK_PLACES, FILED_CHUNK_BYTES } from '../wire/protocol.ts'

/** Plain, so that another thread can have it. */
export interface FiledPiece {
  readonly fd: number
  readonly place: number
  /** Bytes. */
  readonly length: number
}

export type Piece = Uint8Array | FiledPiece

export function isFiled(piece: Piece): piece is FiledPiece {
  return 'place' in piece
}

/** Copies the bytes to the start of `target`. */
export function copyPiece(piece: Piece, target: Uint8Array): void {
  if (!isFiled(piece)) target.set(piece)
  else readFile(piece, target)
}

/** The bytes, in memory. */
export function bytesOf(piece: Piece): Uint8Array {
  if (!isFiled(piece)) return piece
  const bytes = new Uint8Array(piece.length)
  readFile(piece, bytes)
  return bytes
}

/** The memory that is to be moved for another thread to have the pieces. */
export function buffersOf(pieces: readonly Piece[]): ArrayBuffer[] {
  return [...new Set(pieces.flatMap((piece) => (isFiled(piece) ? [] : [piece.buffer as ArrayBuffer])))]
}

function readFile({ fd, place, length }: FiledPiece, target: Uint8Array): void {
  if (readSync(fd, target, 0, length, place * FILED_CHUNK_BYTES) !== length) throw new Error('a chunk was not there')
}

/** The places of the shared file: who may be sent a chunk where. */
export class ChunkPlaces {
  readonly #fd: number | undefined
  readonly #free: number[]

  /** @param fd the file; none where the executor shares its sandbox's memory, or nothing */
  constructor(fd: number | undefined) {
    this.#fd = fd
    this.#free = fd === undefined ? [] : Array.from({ length: CHUNK_PLACES }, (_, place) => place)
  }

  /** A place for one chunk, if there is any left. */
  take(): number | undefined {
    return this.#free.pop()
  }

  giveBack(place: number | undefined): void {
    if (place !== undefined) this.#free.push(place)
  }

  /** Lets go of a piece that nobody will look at again. */
  release(piece: Piece): void {
    if (isFiled(piece)) this.giveBack(piece.place)
  }

  /** What lies in a place. */
  piece(place: number, length: number): FiledPiece {
    return { fd: this.#fd!, place, length }
  }
}
