/**
 * Data that an agent has dropped remains in its memory: after 20,000 rows had been dropped, a test found 39,988 copies.
 * So free memory is wiped before a snapshot. Less of the data travels, and the state is smaller.
 *
 * The engine uses Doug Lea's malloc 2.8.6 from wasi-libc. Its heap is a sequence of chunks without gaps, up to the end
 * of the memory. A chunk begins with two words: the size of the previous chunk if that is free, and its own size. The
 * lowest bits of the size say whether the previous chunk (1) and this chunk (2) are in use. A free chunk continues with
 * links: two words, or six for chunks of at least 256 bytes. After the last chunk comes the length of the allocator's
 * tail.
 */

const WORD_BYTES = 4
const HEADER_BYTES = 2 * WORD_BYTES
const ALIGNMENT = 16
const FLAGS = 7
const IN_USE = 2
const SMALL_LINKS = HEADER_BYTES + 2 * WORD_BYTES
const TREE_LINKS = HEADER_BYTES + 6 * WORD_BYTES
const FIRST_TREE_SIZE = 256
/** The size of the allocator's tail after the last chunk. */
const TAIL_BYTES = 56

/**
 * Fills the free memory of a heap with zeros. Leaves a heap unchanged that does not have the expected structure.
 *
 * @param memory the whole memory, up to the end of the heap
 * @param allocated the address of an allocation. Only free memory after it is wiped
 * @returns the number of free bytes
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
