import type { KernelCode, ObjectCode } from '../../errors.ts'

/** The codes for mistakes of the agent itself. */
export type AgentCode =
  /** The agent threw, or left a rejected promise unhandled. */
  | 'AGENT_THREW'
  /** The module does not compile, has a forbidden import, or has no `export default agent(…)`. */
  | 'AGENT_INVALID'
  /** JSON can not hold the agent's result. */
  | 'AGENT_RESULT'
  /** The agent waits for a promise that nothing can settle. */
  | 'AGENT_STALLED'
  /** Another version of Lander made the snapshot of the agent, and this one can't restore it. */
  | 'AGENT_STRANDED'
  /** The agent tried to move to a place that its mission does not allow. */
  | 'PLACE_UNKNOWN'
  /** A copy of the agent could not land. */
  | 'PLACE_UNREACHABLE'
  /** The agent tried to move during another move. */
  | 'HOP_IN_PROGRESS'
  /** A copy of the agent hit a limit. */
  | 'COPY_STOPPED'
  /** The agent ended without joining its fork, or joined without a fork. */
  | 'FORK_UNJOINED'

/** Every code that a failure may have. The set is closed, so that an agent can't smuggle data out in a code. */
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

/** The code itself if it belongs to the closed set, else `AGENT_THREW`. */
export function failureCode(code: unknown): FailureCode {
  return typeof code === 'string' && Object.hasOwn(FAILURE_CODES, code) ? (code as FailureCode) : 'AGENT_THREW'
}
