import { RefusedError } from '../errors.ts'

/** How far two honest clocks may differ. A document may come this much before its time, never after it. */
export const CLOCK_SKEW_MS = 5 * 60 * 1000

/** When a signed document holds: milliseconds since 1970. */
export interface Validity {
  readonly issuedAt: number
  readonly notBefore?: number
  readonly expiresAt: number
}

/** @throws RefusedError `NOT_YET_VALID` or `EXPIRED` */
export function requireInTime(name: string, { issuedAt, notBefore = 0, expiresAt }: Validity, now: number): void {
  const start = Math.max(issuedAt, notBefore)
  if (now + CLOCK_SKEW_MS < start)
    throw new RefusedError('NOT_YET_VALID', `the ${name} is not yet valid`, {
      remedy: `by the clock here it begins in ${minutes(start - now)}; lander fleet check compares the clocks`,
    })
  if (now >= expiresAt)
    throw new RefusedError('EXPIRED', `the ${name} has expired`, {
      remedy: `by the clock here it ended ${minutes(now - expiresAt)} ago: sign it anew; lander fleet check compares the clocks`,
    })
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`
}
