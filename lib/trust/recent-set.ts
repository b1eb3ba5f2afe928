/** A set that keeps its latest `size` members: a memory that can't be made to grow. */
export class RecentSet {
  readonly #size: number
  readonly #members = new Set<string>()

  constructor(size: number) {
    this.#size = size
  }

  /** Asking for a member makes it the latest. */
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
