/** A place a group may go to. */
export interface Choice {
  readonly place: number
  /** The group's own cost there, and its result's way. */
  readonly usd: number
}
