import type { InternetLoad } from './model.ts'

/** A place a group may go to. */
export interface Choice {
  readonly place: number
  /** The group's own cost there, and its result's way; traffic to the internet aside. */
  readonly usd: number
  readonly internet: InternetLoad
}
