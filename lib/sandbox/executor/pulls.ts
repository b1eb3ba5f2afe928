import type { ChunkMessage } from '../wire/protocol.ts'
import type { ChunkPlaces, Piece } from './pieces.ts'

/**
 * The pending pulls of one stream. They are answered in order, each with a chunk in the place that was reserved for it.
 */
export class Pulls {
  readonly #places: ChunkPlaces
  readonly #asked: (number | undefined)[] = []

  constructor(places: ChunkPlaces) {
    this.#places = places
  }

  /** Adds a pull. Returns the place for its chunk, or nothing if the chunk has to come through the pipe. */
  next(): { readonly place?: number } {
    const place = this.#places.take()
    this.#asked.push(place)
    return place === undefined ? {} : { place }
  }

  /** Takes the answer to the oldest pull. */
  take({ filed, last }: Pick<ChunkMessage, 'filed' | 'last'>, body: Uint8Array): Piece {
    const place = this.#asked.shift()
    if (last) this.end()
    if (filed !== undefined) return this.#places.piece(place!, filed)
    this.#places.giveBack(place)
    return body
  }

  /** Frees all reserved places. A stream that has ended, failed, or is closed gets no more answers. */
  end(): void {
    for (const place of this.#asked.splice(0)) this.#places.giveBack(place)
  }
}
