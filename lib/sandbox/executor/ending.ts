/** How a run ends, as the executor reports it. */

import type { Limits } from '../../limits.ts'
import { failureBytes } from '../wire/failure.ts'
import type { EndKind, EndMessage } from '../wire/protocol.ts'

/** How a run ends, noted when it is known and reported when the guest has come back. */
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

/** Same engine, other prelude: the base image differs. */
export const STRANDED: Ending = {
  kind: 'failed',
  healthy: true,
  body: JSON.stringify({
    code: 'AGENT_STRANDED',
    name: 'Error',
    message: 'the agent was frozen by another version of Lander; deploy every region of the fleet with one version',
  }),
}

/** The agent is over its limit, which ends it in good order. */
export function stoppedBy(kind: EndKind): Ending {
  return { kind, body: '', healthy: true }
}

/** The engine gave up in a way that it can't be used again after. */
export function brokenBy(kind: EndKind): Ending {
  return { kind, body: '', healthy: false }
}

/** The agent has returned; a result above its limit is withheld. */
export function returned(json: string, { resultBytes }: Limits): Ending {
  if (Buffer.byteLength(json) > resultBytes) return stoppedBy('resultBytes')
  return { kind: 'completed', body: json, healthy: true }
}

/** The agent has thrown; a description that is too long shrinks to its code. */
export function threw(description: string, { errorBytes }: Limits): Ending {
  const fits = Buffer.byteLength(description) <= failureBytes(errorBytes)
  return { kind: 'failed', body: fits ? description : '{"code":"AGENT_THREW"}', healthy: true }
}

/** What the place could not do for the agent ends it, as if the agent had thrown it. */
export function failedBy(name: string, fault: { readonly code: string; readonly message: string }): Ending {
  return { kind: 'failed', body: JSON.stringify({ ...fault, name }), healthy: true }
}

/** The body of the message that reports it. */
export function bodyOf({ body }: Ending): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
}
