import type { LandingReply } from '../../lib/host/landing-result.ts'

/** Kept back from the function's own timeout, so that there is time to say how it ended. */
const MARGIN_MS = 500

/** How long before that an agent is asked to leave: it may compute on until it next waits, and be large to freeze. */
const LEAVE_MS = 30_000

export interface Deadline {
  /** Fires when the run must end. */
  readonly signal: AbortSignal
  /** Fires some time before, for an agent that can go on in another landing. */
  readonly evict: AbortSignal
  readonly ms: number
  clear(): void
}

/** Signals that fire before Lambda would end the function. */
export function deadlineOf(remainingMs: number): Deadline {
  const ms = Math.max(0, remainingMs - Math.min(MARGIN_MS, remainingMs / 4))
  const [end, evict] = [new AbortController(), new AbortController()]
  const timers = [setTimeout(() => end.abort(), ms), setTimeout(() => evict.abort(), ms - Math.min(LEAVE_MS, ms / 3))]
  return {
    signal: end.signal,
    evict: evict.signal,
    ms: Math.round(ms),
    clear: () => timers.forEach(clearTimeout),
  }
}

/** A run that the function's own deadline cancelled was stopped by time, and says by how much of it. */
export function reportDeadline(reply: LandingReply, { signal, ms }: Deadline): LandingReply {
  if (!signal.aborted || !('landingResult' in reply)) return reply
  const { outcome } = reply.landingResult
  if (outcome.kind !== 'stopped' || outcome.limit !== 'cancelled') return reply
  const message = `the function's own time limit left ${ms} ms for this run; raise the function's timeout`
  return { landingResult: { ...reply.landingResult, outcome: { kind: 'stopped', limit: 'wallMs', message } } }
}
