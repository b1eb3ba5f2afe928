/**
 * What an agent has dropped still lies in its memory: of 20,000 rows it forgot, 39,988 copies were found. Before a
 * machine is frozen its free memory is wiped, so that less of what it read travels, and the state is small.
 *
 * The engine allocates with Doug Lea's malloc 2.8.6, as wasi-libc has it: its heap is a row of chunks without gaps, up
 * to the end of the memory. A chunk begins with two words, the size of the chunk before if that is free, and its own
 * size, whose lowest bits say whether the one before (1) and it itself (2) are in use. A free chunk goes on with links:
 * two words, or six from 256 bytes on. Behind the last chunk stands the length of the allocator's own tail.
 */

const WORD_BYTES = 4
const HEADER_BYTES = 2 * WORD_BYTES
const ALIGNMENT = 16
const FLAGS = 7
const IN_USE = 2
const SMALL_LINKS = HEADER_BYTES + 2 * WORD_BYTES
const TREE_LINKS = HEADER_BYTES + 6 * WORD_BYTES
const FIRST_TREE_SIZE = 256
/** Bytes of the allocator behind the last chunk. */
const TAIL_BYTES = 56

/**
 * Fills the free memory of a heap with zeros. A heap that does not look as described is left as it is.
 *
 * @param memory the whole memory, up to the end of the heap
 * @param allocated address of an allocation: what lies behind it is wiped
 * @returns bytes that are free
 */
export function wipeFreeMemory(memory: Uint8Array, allocated: number): number {
  const free = freeChunks(memory, allocated - HEADER_BYTES)
  let bytes = 0
  for (const { start, size } of free) {
    memory.fill(0, start + (size < FIRST_TREE_SIZE ? SMALL_LINKS : TREE_LINKS), start + size)
    bytes += size
  }
  return bytes
}

interface Chunk {
  readonly start: number
  readonly size: number
}

function freeChunks(memory: Uint8Array, first: number): readonly Chunk[] {
  const words = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  const end = memory.byteLength - TAIL_BYTES
  const free: Chunk[] = []
  let start = first
  while (start < end) {
    const head = words.getUint32(start + WORD_BYTES, true)
    const size = head & ~FLAGS
    if (size < ALIGNMENT || size % ALIGNMENT !== 0) return []
    if ((head & IN_USE) === 0) free.push({ start, size })
    start += size
  }
  const tail = start === end ? words.getUint32(start + WORD_BYTES, true) : 0
  return tail === TAIL_BYTES ? free : []
}
