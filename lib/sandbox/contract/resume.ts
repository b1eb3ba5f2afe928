import type { CopyAnswer } from './outcome.ts'

/** How a frozen agent goes on where it lands. */

export interface Resume {
  /** The place it left. */
  readonly from: string
  /** A copy: which of the calls it was made for is its own. */
  readonly copy?: number
  /** The agent whose copies have come back: their answers, in the order of the calls. */
  readonly answers?: readonly CopyAnswer[]
}
