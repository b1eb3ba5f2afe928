/** Two clocks of a run: how long it takes, and what time it is for its agent, which no hop turns back. */
export class GuestClock {
  readonly #startedAt = performance.now()
  /** When the agent was called: for it, that moment is `#bornAt`. */
  #arrivedAt = 0
  #bornAt: number

  /** @param bornAt what an agent that starts now sees, in milliseconds since 1970 */
  constructor(bornAt: number) {
    this.#bornAt = bornAt
  }

  /** Milliseconds since the run began. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** The agent is about to go on. Its time begins, not before `notBefore`: what it has seen already. */
  arrive(notBefore = 0): void {
    this.#bornAt = Math.max(this.#bornAt, notBefore)
    this.#arrivedAt = performance.now()
  }

  /** What the agent sees, in whole milliseconds. */
  now(): number {
    return Math.floor(this.#bornAt + performance.now() - this.#arrivedAt)
  }
}
