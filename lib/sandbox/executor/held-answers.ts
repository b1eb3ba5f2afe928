import type { Settle } from './send.ts'

/** An answer that came while the agent was about to leave. */
export interface HeldAnswer {
  readonly call: number
  readonly ok: boolean
  readonly text?: string | undefined
  readonly base64?: string | undefined
}

/** Gives the guest answers that have travelled with it. */
export function settleHeld(settle: Settle, held: readonly HeldAnswer[] = []): void {
  for (const { call, ok, text, base64 } of held)
    settle(call, ok, {
      ...(text !== undefined && { text }),
      ...(base64 !== undefined && { bytes: Buffer.from(base64, 'base64') }),
    })
}
