/** The checkpoint that an agent waits for: wanted first, then with its place, which keeps it. */
export class Checkpoint {
  #call: number | undefined
  #sent = false

  /** Whether the agent waits for one. */
  get wanted(): boolean {
    return this.#call !== undefined
  }

  /** @throws Error while another is on its way */
  want(call: number): void {
    if (this.#call !== undefined) throw new Error('a checkpoint is being made already')
    this.#call = call
    this.#sent = false
  }

  /** The call to be answered where the state is taken up, once: then it is on its way. */
  take(): number | undefined {
    if (this.#sent) return undefined
    this.#sent = true
    return this.#call
  }

  /** The place keeps it. The call it was made for is to be answered. */
  kept(): number | undefined {
    const call = this.#call
    this.#call = undefined
    return call
  }
}
