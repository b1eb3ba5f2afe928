import { type Limits, NOTHING_SPENT } from '../limits.ts'

/** Which agent of a mission this is, and how far it has come. */

export interface BranchProgress {
  /** The region it started in, and for a copy the landing and number it was sent with. */
  readonly branch: string
  /** This landing's number, from 0. */
  readonly sequence: number
  /** What the mission has used of its limits before this landing. */
  readonly spent: Limits
  /** Digest of the receipt of the landing before. */
  readonly receipt: string | null
  /** Of a copy: where its answer goes. */
  readonly origin?: string
}
/** The first landing of a mission in a region. */

export function firstProgress(region: string): BranchProgress {
  return { branch: region, sequence: 0, spent: NOTHING_SPENT, receipt: null }
}
