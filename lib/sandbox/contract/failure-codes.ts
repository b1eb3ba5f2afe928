import type { KernelCode, ObjectCode } from '../../errors.ts'

/** What can be wrong with the agent itself. */
export type AgentCode =
  /** The agent threw, or a promise of it was rejected and nobody listened. */
  | 'AGENT_THREW'
  /** The module does not compile, imports what it may not, or has no `export default agent(…)`. */
  | 'AGENT_INVALID'
  /** The agent's result is not JSON. */
  | 'AGENT_RESULT'
  /** The agent waits for something that can't happen. */
  | 'AGENT_STALLED'
  /** The agent was frozen by another version of Lander, and can't be restored by this one. */
  | 'AGENT_STRANDED'
  /** The agent wanted to go where its mission may not. */
  | 'PLACE_UNKNOWN'
  /** A copy of the agent could not land. */
  | 'PLACE_UNREACHABLE'
  /** The agent wanted to move while it was moving. */
  | 'HOP_IN_PROGRESS'
  /** A copy of the agent hit a limit. */
  | 'COPY_STOPPED'
  /** The agent ended with a fork that it did not join, or joined none. */
  | 'FORK_UNJOINED'

/** Every code a failure may carry. Closed, so that a code tells no more than which of these happened. */
export type FailureCode = AgentCode | ObjectCode | KernelCode

const FAILURE_CODES: Readonly<Record<FailureCode, true>> = {
  AGENT_THREW: true,
  AGENT_INVALID: true,
  AGENT_RESULT: true,
  AGENT_STALLED: true,
  AGENT_STRANDED: true,
  PLACE_UNKNOWN: true,
  PLACE_UNREACHABLE: true,
  HOP_IN_PROGRESS: true,
  COPY_STOPPED: true,
  FORK_UNJOINED: true,
  OBJECT_NOT_FOUND: true,
  OBJECT_CHANGED: true,
  OBJECT_OUT_OF_SCOPE: true,
  OBJECT_FORBIDDEN: true,
  OBJECT_RANGE_INVALID: true,
  OBJECT_FORMAT_INVALID: true,
  OBJECT_LEFT_BEHIND: true,
  BUCKET_NOT_FOUND: true,
  BUCKET_ELSEWHERE: true,
  STORE_FAILED: true,
  KERNEL_COMPILE_FAILED: true,
  KERNEL_MALFORMED: true,
  KERNEL_NOT_ALLOWED: true,
  KERNEL_PROTOTYPE: true,
  KERNEL_TRAPPED: true,
  KERNEL_MEMORY: true,
  KERNEL_TIMEOUT: true,
  KERNEL_TOO_LARGE: true,
  KERNEL_UNKNOWN: true,
  KERNEL_UNREACHABLE: true,
  KERNEL_BUSY: true,
}

/** The code as it stands if it is one of the closed set, else `AGENT_THREW`. */
export function failureCode(code: unknown): FailureCode {
  return typeof code === 'string' && Object.hasOwn(FAILURE_CODES, code) ? (code as FailureCode) : 'AGENT_THREW'
}
