/** An answer to a call that arrived while the agent was being evicted. It travels with the agent. */
export interface HeldAnswer {
  readonly call: number
  readonly ok: boolean
  readonly text?: string | undefined
  readonly base64?: string | undefined
}
