/** What the agent learns about where it is. */

export interface AgentContext {
  readonly mission: string
  readonly fleet: string
  /** Where the agent is; `'client'` on the caller's own machine. */
  readonly region: string
  /** Every region of this mission, in the order's order. */
  readonly regions: readonly string[]
  /** Places of the sender's own that the agent may go to from here. @default none */
  readonly clientPlaces?: readonly string[]
}
