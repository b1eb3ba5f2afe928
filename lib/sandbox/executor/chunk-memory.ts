import { CHUNK_BYTES } from '../protocol.ts'

/** Chunks that may be under way at a time for the kernels of one stream, with room to spare. */
const MAX_SPARE = 8

/**
 * Memory for chunks, which serves again once the thread is done with them: to have the system find and clear new memory
 * for each takes longer than to read them from the pipe.
 */
export class ChunkMemory {
  readonly #spare: Uint8Array<ArrayBuffer>[] = []

  take(bytes: number): Uint8Array<ArrayBuffer> {
    const spare = bytes === CHUNK_BYTES ? this.#spare.pop() : undefined
    return spare ?? new Uint8Array(bytes)
  }

  giveBack(memory: Uint8Array): void {
    if (memory.length === CHUNK_BYTES && this.#spare.length < MAX_SPARE)
      this.#spare.push(memory as Uint8Array<ArrayBuffer>)
  }
}
