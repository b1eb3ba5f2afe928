import type { InternetLoad } from './model.ts'

/** A place where a group may run. */
export interface Choice {
  readonly place: number
  /** The group's own cost there and the transfer of its result, without traffic to the internet. */
  readonly usd: number
  readonly internet: InternetLoad
}
