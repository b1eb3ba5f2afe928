const FIRST_SLOTS = 2 ** 16
/** So full may it get: the fewer slots are free, the fewer pieces the arena is in when it travels. */
const FULL = 3 / 4

/**
 * A field of cells of which only those that were taken are kept: as a table 10,000 × 10,000 cells would be 400 MB, of
 * which a million moves touch one in a hundred. So it is an open-addressing hash table in a typed array, at most three
 * quarters full. An interpreter reads that fast, and when the arena travels, free slots are zeros and weigh little.
 */
export class Arena {
  readonly cells: number
  /** Two words for each slot: the cell's number plus one, or 0 when the slot is free; and who has it. */
  #slots = new Int32Array(2 * FIRST_SLOTS)
  /** Of the number of a slot. */
  #mask = FIRST_SLOTS - 1
  /** How many cells may be taken before there have to be more slots. */
  #room = FIRST_SLOTS * FULL

  /** @param cells up to 2^31 */
  constructor(cells: number) {
    this.cells = cells
  }

  /** How many cells were taken. */
  get taken(): number {
    return (this.#mask + 1) * FULL - this.#room
  }

  /** Takes a cell for a robot, unless somebody has it. Nothing can come in between: a robot yields only afterwards. */
  take(cell: number, robot: number): boolean {
    const slots = this.#slots
    // Cells come by chance: their own lowest bits are as good as a hash of them.
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

  /** How many cells each robot has, looked up on the arena. */
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
