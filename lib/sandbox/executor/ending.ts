/** How a run ends, as the executor reports it. */
import type { Limits } from '../../limits.ts'
import { failureBytes } from '../wire/failure.ts'
import type { EndKind, EndMessage } from '../wire/protocol.ts'

/** How a run ends. Noted at once, and reported when the guest returns control. */
export interface Ending {
  readonly kind: EndKind
  readonly body: string | Uint8Array
  /** Whether the executor may take another run. */
  readonly healthy: boolean
  readonly destination?: Pick<EndMessage, 'hop' | 'copies' | 'waits'>
}

export const STALLED: Ending = {
  kind: 'failed',
  healthy: true,
  body: JSON.stringify({
    code: 'AGENT_STALLED',
    name: 'Error',
    message: 'the agent waits for a promise that nothing can settle any more',
  }),
}

/** The state was made with another prelude, so its base image differs. */
export const STRANDED: Ending = {
  kind: 'failed',
  healthy: true,
  body: JSON.stringify({
    code: 'AGENT_STRANDED',
    name: 'Error',
    message:
      'another version of Lander made the snapshot of the agent; deploy every region of the fleet with one version',
  }),
}

/** The agent has hit a limit. The executor stays healthy. */
export function stoppedBy(kind: EndKind): Ending {
  return { kind, body: '', healthy: true }
}

/** The engine has failed. The executor can't be used again. */
export function brokenBy(kind: EndKind): Ending {
  return { kind, body: '', healthy: false }
}

/** The agent has returned. A result above its limit is withheld. */
export function returned(json: string, { resultBytes }: Limits): Ending {
  if (Buffer.byteLength(json) > resultBytes) return stoppedBy('resultBytes')
  return { kind: 'completed', body: json, healthy: true }
}

/** The agent has thrown. A description that is too long is replaced by its code. */
export function threw(description: string, { errorBytes }: Limits): Ending {
  const fits = Buffer.byteLength(description) <= failureBytes(errorBytes)
  return { kind: 'failed', body: fits ? description : '{"code":"AGENT_THREW"}', healthy: true }
}

/** The place could not prepare the run. Reported like an error that the agent has thrown. */
export function failedBy(name: string, fault: { readonly code: string; readonly message: string }): Ending {
  return { kind: 'failed', body: JSON.stringify({ ...fault, name }), healthy: true }
}

/** The body of the message that reports an ending. */
export function bodyOf({ body }: Ending): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
}
