/** An answer that came while the agent was about to leave. */

export interface HeldAnswer {
  readonly call: number
  readonly ok: boolean
  readonly text?: string | undefined
  readonly base64?: string | undefined
}
