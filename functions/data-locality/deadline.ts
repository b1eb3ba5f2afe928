import type { LandingReply } from '../../lib/host/landing-result.ts'

/** Reserved at the end of the function's timeout, to report how the run ended. */
const MARGIN_MS = 500

/**
 * How long before the deadline an agent is evicted: it may compute until it next waits, and its snapshot may be large.
 */
const EVICT_MS = 30_000

export interface Deadline {
  /** Fires when the run must end. */
  readonly signal: AbortSignal
  /** Fires some time before, so that an agent can continue in another landing. */
  readonly evict: AbortSignal
  readonly ms: number
  clear(): void
}

/** Signals that fire before Lambda ends the function. */
export function deadlineOf(remainingMs: number): Deadline {
  const ms = Math.max(0, remainingMs - Math.min(MARGIN_MS, remainingMs / 4))
  const [end, evict] = [new AbortController(), new AbortController()]
  const timers = [setTimeout(() => end.abort(), ms), setTimeout(() => evict.abort(), ms - Math.min(EVICT_MS, ms / 3))]
  return {
    signal: end.signal,
    evict: evict.signal,
    ms: Math.round(ms),
    clear: () => timers.forEach(clearTimeout),
  }
}

/** Reports a run that the function's deadline cancelled as stopped by `wallMs`, with the time that it had. */
export function reportDeadline(reply: LandingReply, { signal, ms }: Deadline): LandingReply {
  if (!signal.aborted || !('landingResult' in reply)) return reply
  const { outcome } = reply.landingResult
  if (outcome.kind !== 'stopped' || outcome.limit !== 'cancelled') return reply
  const message = `the function's own time limit left ${ms} ms for this run; raise the function's timeout`
  return { landingResult: { ...reply.landingResult, outcome: { kind: 'stopped', limit: 'wallMs', message } } }
}
