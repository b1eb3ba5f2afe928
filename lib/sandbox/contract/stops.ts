import type { Limits } from '../../limits.ts'
import type { Outcome, StopReason } from './outcome.ts'

/** The outcome of a run that was stopped, with a message that explains the remedy. */
export function stoppedBy(reason: StopReason, limits: Limits): Outcome {
  return { kind: 'stopped', limit: reason, message: explain(reason, limits) }
}

function explain(reason: StopReason, limits: Limits): string {
  switch (reason) {
    case 'wallMs':
      return `the agent ran longer than its ${limits.wallMs} ms; raise wallMs, or let it read less`
    case 'memoryPages':
      return `the agent needs more than its ${limits.memoryPages} pages of memory; raise memoryPages, or keep less of what it reads`
    case 'hostCalls':
      return `the agent called the host more than ${limits.hostCalls} times; raise hostCalls`
    case 'readBytes':
      return `the agent read more than ${limits.readBytes} bytes; raise readBytes, or narrow its data`
    case 'resultBytes':
      return `the result is larger than ${limits.resultBytes} bytes and was withheld; return less, or raise resultBytes`
    case 'logBytes':
      return `the agent logged more than ${limits.logBytes} bytes; log less, or raise logBytes`
    case 'stateBytes':
      return `the agent's state is larger than ${limits.stateBytes} bytes; drop what it no longer needs before it hops, or raise stateBytes`
    case 'hops':
      return `the agent made more than ${limits.hops} hops; raise hops`
    case 'stack':
      return 'the agent used up the call stack; look for an endless recursion'
    case 'cancelled':
      return 'the run was cancelled'
    default:
      return `the agent exceeded ${reason} (${limits[reason]})`
  }
}
