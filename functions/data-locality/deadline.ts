import type { Reply } from '../../lib/host/protocol.ts'

/** Kept back from the function's own timeout, so that there is time to say how it ended. */
const MARGIN_MS = 500

export interface Deadline {
  readonly signal: AbortSignal
  readonly ms: number
  clear(): void
}

/** A signal that fires shortly before Lambda would end the function. */
export function deadlineOf(remainingMs: number): Deadline {
  const ms = Math.max(0, remainingMs - Math.min(MARGIN_MS, remainingMs / 4))
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), ms)
  return { signal: controller.signal, ms: Math.round(ms), clear: () => clearTimeout(timer) }
}

/** A run that the function's own deadline cancelled was stopped by time, and says by how much of it. */
export function reportDeadline(reply: Reply, { signal, ms }: Deadline): Reply {
  if (!signal.aborted || !('settlement' in reply)) return reply
  const { outcome } = reply.settlement
  if (outcome.kind !== 'stopped' || outcome.limit !== 'cancelled') return reply
  const message = `the function's own time limit left ${ms} ms for this run; raise the function's timeout`
  return { settlement: { ...reply.settlement, outcome: { kind: 'stopped', limit: 'wallMs', message } } }
}
