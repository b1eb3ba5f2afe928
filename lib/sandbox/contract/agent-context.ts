/** What the sandbox passes to the agent about its place. */
export interface AgentContext {
  readonly mission: string
  readonly fleet: string
  /** The region or client place; `'client'` on the caller's machine. */
  readonly region: string
  /** Every region of this mission, in the sequence that the order lists them. */
  readonly regions: readonly string[]
  /** The client places that the agent may move to from here. @default none */
  readonly clientPlaces?: readonly string[]
}
