import type { Failure } from './runtime/describe-failure.ts'

/** How a call of a function ended. Failures of the function are values and not exceptions. */
export interface CallOutcome {
  /** `undefined` if the receiver got the whole answer. */
  readonly failure: Failure | undefined
  /** The end of the function's output during the call, with Lambda's START, END and REPORT lines. */
  readonly logTail: string
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export function timedOut(requestId: string, seconds: number): Failure {
  return failure('Sandbox.Timedout', requestId, `Task timed out after ${seconds.toFixed(2)} seconds`)
}

export function outOfMemory(requestId: string, memoryMb: number, usedMb: number): Failure {
  return failure('Runtime.OutOfMemory', requestId, `Memory Size: ${memoryMb} MB Max Memory Used: ${usedMb} MB`)
}

export function exited(requestId: string, exit: Exit): Failure {
  return failure('Runtime.ExitError', requestId, explainExit(exit))
}

export function answerTooLarge(limitBytes: number): Failure {
  return {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`,
  }
}

function explainExit({ code, signal }: Exit): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signal.slice(3).toLowerCase()}`
  return code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${code}`
}

function failure(errorType: string, requestId: string, text: string): Failure {
  return { errorType, errorMessage: `RequestId: ${requestId} Error: ${text}` }
}
