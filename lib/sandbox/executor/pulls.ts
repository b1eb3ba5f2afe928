import type { ChunkMessage } from '../wire/protocol.ts'
import type { ChunkPlaces, Piece } from './pieces.ts'

/** What one stream has asked for: pulls are answered in their order, each with a chunk where it was to go. */
export class Pulls {
  readonly #places: ChunkPlaces
  readonly #asked: (number | undefined)[] = []

  constructor(places: ChunkPlaces) {
    this.#places = places
  }

  /** One more pull; returns the place for its chunk, or nothing if the chunk has to come by itself. */
  next(): { readonly place?: number } {
    const place = this.#places.take()
    this.#asked.push(place)
    return place === undefined ? {} : { place }
  }

  /** The answer to the first of them that waits. */
  take({ filed, last }: Pick<ChunkMessage, 'filed' | 'last'>, body: Uint8Array): Piece {
    const place = this.#asked.shift()
    if (last) this.end()
    if (filed !== undefined) return this.#places.piece(place!, filed)
    this.#places.giveBack(place)
    return body
  }

  /** No answer comes any more: the sandbox sends nothing for a stream that has ended, failed, or is closed. */
  end(): void {
    for (const place of this.#asked.splice(0)) this.#places.giveBack(place)
  }
}
