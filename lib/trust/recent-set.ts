/** A set that keeps only the `size` members used last, so that its memory stays bounded. */
export class RecentSet {
  readonly #size: number
  readonly #members = new Set<string>()

  constructor(size: number) {
    this.#size = size
  }

  /** Counts as a use of the member. */
  has(member: string): boolean {
    if (!this.#members.delete(member)) return false
    this.#members.add(member)
    return true
  }

  add(member: string): void {
    this.#members.add(member)
    const [oldest] = this.#members
    if (this.#members.size > this.#size && oldest !== undefined) this.#members.delete(oldest)
  }
}
