const FIRST_SLOTS = 2 ** 16
/** The largest load factor. A fuller table has fewer runs of free slots, so its snapshot has fewer pieces. */
const FULL = 3 / 4

/**
 * A field of cells that stores only the taken ones. A table of 10,000 × 10,000 cells would take 400 MB, and a million
 * moves touch one cell in a hundred. So this is an open-addressing hash table in a typed array, at most three quarters
 * full. An interpreter reads it fast, and free slots are zeros, which compress well in a snapshot.
 */
export class Arena {
  readonly cells: number
  /** Two 32-bit words for each slot: the cell's number plus one (0 for a free slot), and the robot that has it. */
  #slots = new Int32Array(2 * FIRST_SLOTS)
  /** The number of bits in a slot's number. */
  #mask = FIRST_SLOTS - 1
  /** The number of taken cells above which the table grows. */
  #room = FIRST_SLOTS * FULL

  /** @param cells up to 2^31 */
  constructor(cells: number) {
    this.cells = cells
  }

  /** The number of taken cells. */
  get taken(): number {
    return (this.#mask + 1) * FULL - this.#room
  }

  /** Takes a cell for a robot if it is free. This is atomic, because a robot yields only afterwards. */
  take(cell: number, robot: number): boolean {
    const slots = this.#slots
    // Cells are random, so their lowest bits are already a good hash.
    let slot = (cell & this.#mask) << 1
    for (let there = slots[slot]!; there !== 0; there = slots[slot]!) {
      if (there === cell + 1) return false
      slot = slot + 2 < slots.length ? slot + 2 : 0
    }
    slots[slot] = cell + 1
    slots[slot + 1] = robot
    if (--this.#room === 0) this.#grow()
    return true
  }

  /** Counts the cells of each robot on the arena. */
  census(robots: number): Int32Array {
    const cells = new Int32Array(robots)
    const slots = this.#slots
    for (let slot = 0; slot < slots.length; slot += 2) if (slots[slot] !== 0) cells[slots[slot + 1]!]!++
    return cells
  }

  #grow(): void {
    const slots = this.#slots
    const taken = this.taken
    const roomier = new Int32Array(2 * slots.length)
    const last = roomier.length - 1
    const mask = roomier.length / 2 - 1
    for (let from = 0; from < slots.length; from += 2) {
      const there = slots[from]!
      if (there === 0) continue
      let slot = ((there - 1) & mask) << 1
      while (roomier[slot] !== 0) slot = (slot + 2) & last
      roomier[slot] = there
      roomier[slot + 1] = slots[from + 1]!
    }
    this.#slots = roomier
    this.#mask = mask
    this.#room = (mask + 1) * FULL - taken
  }
}
