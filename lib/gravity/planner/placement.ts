import type { Evaluation, MergeOption } from './model.ts'

/** Groups in their places, results in theirs, and what that comes to. */

export interface Placement extends Evaluation {
  /** The place of each group. */
  readonly chosen: readonly number[]
  readonly merge: MergeOption
}
