import { type Limits, NOTHING_SPENT } from '../limits.ts'

/** Which agent of a mission this is, and how far it has come. */
export interface BranchProgress {
  /** The place that the agent started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** This landing's number, from 0. */
  readonly sequence: number
  /** What the mission has used of its limits before this landing. */
  readonly spent: Limits
  /** The digest of the previous landing's receipt. */
  readonly receipt: string | null
  /** For a copy: the place that its answer goes to. */
  readonly origin?: string
}

/** The first landing of a mission in a place. */
export function firstProgress(place: string): BranchProgress {
  return { branch: place, sequence: 0, spent: NOTHING_SPENT, receipt: null }
}
