import type { CopyAnswer } from './outcome.ts'

/** What a restored agent needs to know about its journey. */
export interface Resume {
  /** The place that it left. */
  readonly from: string
  /** For a copy: which of the agent's calls it runs. */
  readonly copy?: number
  /** For an agent that waited for copies: their answers, in the order of the calls. */
  readonly answers?: readonly CopyAnswer[]
}
