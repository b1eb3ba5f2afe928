/**
 * Memory that bytes from the network are read into, and that serves again once they were passed on. New memory is the
 * dearest part of a fast read: the system has to find and clear every page of it, and the collector to find out that
 * nobody needs it any more.
 */

/** Reads of more gain nothing (`bench/kernels.ts`). */
const SLAB_BYTES = 1024 * 1024
/** What is kept for the next reads, at most: 32 MiB, for two parts of 8 MiB under way in two reads. */
const MAX_FREE = 32
/** A rest that is smaller is left unused: a read into it would cost as much as a full one. */
const LEAST_BYTES = 64 * 1024

interface Slab {
  readonly memory: Buffer<ArrayBuffer>
  /** Bytes that are lent, from the start on. */
  lent: number
  /** How many of them came back. */
  returned: number
  /** Whether no more of it will be lent. */
  full: boolean
}

const free: Slab[] = []
const slabOf = new WeakMap<ArrayBufferLike, Slab>()

/** One reader's way through slab after slab. */
export class SlabReader {
  #slab: Slab | undefined

  /** Where the next bytes are to be read to. */
  room(): Uint8Array {
    if (this.#slab === undefined || this.#slab.full) this.#slab = takeSlab()
    return this.#slab.memory.subarray(this.#slab.lent)
  }

  /** Hands out the first `length` bytes of the room: they are not written to again before they are given back. */
  lend(length: number): Buffer {
    const slab = this.#slab!
    const piece = slab.memory.subarray(slab.lent, slab.lent + length)
    slab.lent += length
    slab.full = SLAB_BYTES - slab.lent < LEAST_BYTES
    return piece
  }
}

/**
 * Gives a chunk of an `ObjectStore` back that will never be looked at again, so that its memory can serve again. Nobody
 * has to: what is not given back is collected as usual. Nobody may do it twice: others' bytes would change under them.
 */
export function giveBack(chunk: Uint8Array): void {
  const slab = slabOf.get(chunk.buffer)
  if (slab === undefined) return
  slab.returned += chunk.length
  if (slab.full && slab.returned === slab.lent && free.length < MAX_FREE) free.push(slab)
}

function takeSlab(): Slab {
  const slab = free.pop() ?? newSlab()
  return Object.assign(slab, { lent: 0, returned: 0, full: false })
}

function newSlab(): Slab {
  const memory = Buffer.allocUnsafeSlow(SLAB_BYTES)
  const slab = { memory, lent: 0, returned: 0, full: false }
  slabOf.set(memory.buffer, slab)
  return slab
}
