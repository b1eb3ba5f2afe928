/** The two clocks of a run: the elapsed time, and the time that the agent sees. A hop never turns the latter back. */
export class GuestClock {
  readonly #startedAt = performance.now()
  /** When the agent was called, on this computer's clock. For the agent this moment is `#agentTime`. */
  #arrivedAt = 0
  #agentTime: number

  /** @param agentTime the time that an agent sees which starts now: milliseconds since 1970 */
  constructor(agentTime: number) {
    this.#agentTime = agentTime
  }

  /** Milliseconds since the run began. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** Starts the agent's clock, at the earliest with `notBefore`, the last time that the agent has seen. */
  arrive(notBefore = 0): void {
    this.#agentTime = Math.max(this.#agentTime, notBefore)
    this.#arrivedAt = performance.now()
  }

  /** The time that the agent sees, in whole milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#agentTime + performance.now() - this.#arrivedAt)
  }
}
