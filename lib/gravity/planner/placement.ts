import type { Evaluation, MergeOption } from './model.ts'

/** A placement of all groups, with its merging place, cost and time. */
export interface Placement extends Evaluation {
  /** The place of each group. */
  readonly chosen: readonly number[]
  readonly merge: MergeOption
}
