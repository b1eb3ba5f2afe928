import type { HeldAnswer } from '../wire/held-answer.ts'
import type { Settle } from './send.ts'

/** Settles calls with the answers that have travelled with the agent. */
export function settleHeld(settle: Settle, held: readonly HeldAnswer[] = []): void {
  for (const { call, ok, text, base64 } of held)
    settle(call, ok, {
      ...(text !== undefined && { text }),
      ...(base64 !== undefined && { bytes: Buffer.from(base64, 'base64') }),
    })
}
