/** Whether a landing is to be tried again, and how. Pure. */

import type { UnreachableError } from '../errors.ts'
import type { Invocation } from '../host/invocation.ts'
import type { Landing } from './landing-place.ts'

/** Attempts of a relay at one landing: a place that dies so often dies of its agent. */
export const DEFAULT_ATTEMPTS = 4

/** What a landing is tried with. */
export interface LandingAttempt {
  readonly attempt: Invocation['attempt']
  /** How often it was asked before without an attempt being made: the place was busy, or turned the call away. */
  readonly asked: number
}

/** A landing that nobody has tried. */
export const FIRST_ATTEMPT: LandingAttempt = { attempt: undefined, asked: 0 }

/** A landing that another relay may have tried, which may be at it still. */
export const TAKEN_UP: LandingAttempt = { attempt: { number: 2, after: 'silence' }, asked: 0 }

/** What came of an attempt. */
export type Landed = Landing | { readonly unreachable: UnreachableError }

export interface NextAttempt extends LandingAttempt {
  /** How long to wait before. */
  readonly waitMs: number
  /** Why the attempt before came to nothing, if there was one. */
  readonly lost?: string
}

/** The first wait; every further one is twice as long, up to {@link LONGEST_WAIT_MS}. */
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5000
/** A call that is turned away was not taken; with the waits above this is about two minutes. */
const MAX_TURNED_AWAY = 30

/**
 * The next attempt at a landing, or `undefined` when what came of the last one stands.
 *
 * - The function died, or ended without a reply: another attempt at once.
 * - Nobody answered: another attempt; the place lets it wait while the one before may be alive.
 * - The place says so, `LANDING_BUSY`: the same question later, until there is an answer.
 * - Another relay was faster, `REPLAYED`: the attempt after its own. Where there is no other, a first attempt is not
 *   repeated so: its order has been used.
 * - Lambda turned the call away: the same later.
 */
export function nextAttempt(
  { attempt, asked }: LandingAttempt,
  landed: Landed,
  { attempts, shared = false }: { readonly attempts: number; readonly shared?: boolean },
): NextAttempt | undefined {
  const number = attempt?.number ?? 1
  const further = (after: 'death' | 'silence', lost?: string): NextAttempt | undefined => {
    if (number >= attempts) return undefined
    const waitMs = after === 'death' ? 0 : waitAfter(number)
    return { attempt: { number: number + 1, after }, asked: 0, waitMs, ...(lost !== undefined && { lost }) }
  }
  const again = { attempt, asked: asked + 1, waitMs: waitAfter(asked) }
  if ('unreachable' in landed) {
    const { code, cause } = landed.unreachable
    if ((cause as Error | undefined)?.name === 'TooManyRequestsException')
      return asked < MAX_TURNED_AWAY ? again : undefined
    if (code === 'FUNCTION_FAILED' || code === 'REPLY_MALFORMED') return further('death', code)
    return code === 'REGION_UNREACHABLE' ? further('silence', code) : undefined
  }
  const code = 'error' in landed.reply ? landed.reply.error.code : undefined
  if (code === 'LANDING_BUSY') return again
  return code === 'REPLAYED' && (shared || number > 1) ? further('silence') : undefined
}

const waitAfter = (times: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(times, 10))
