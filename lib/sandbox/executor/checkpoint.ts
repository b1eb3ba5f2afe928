/** The checkpoint that an agent waits for: first requested, then sent to the place, which saves it. */
export class Checkpoint {
  #call: number | undefined
  #sent = false

  /** Whether the agent waits for a checkpoint. */
  get requested(): boolean {
    return this.#call !== undefined
  }

  /** @throws Error while another checkpoint is in progress */
  request(call: number): void {
    if (this.#call !== undefined) throw new Error('another checkpoint is in progress')
    this.#call = call
    this.#sent = false
  }

  /**
   * Returns the call that a restored agent finds answered, and marks the checkpoint as sent. `undefined` the second
   * time.
   */
  take(): number | undefined {
    if (this.#sent) return undefined
    this.#sent = true
    return this.#call
  }

  /** The place has saved the checkpoint. Returns the call to answer. */
  saved(): number | undefined {
    const call = this.#call
    this.#call = undefined
    return call
  }
}
