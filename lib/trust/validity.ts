import { RefusedError } from '../errors.ts'

/** How far two clocks may differ. A document is accepted this long before its time, but never after it. */
export const CLOCK_SKEW_MS = 5 * 60 * 1000

/** When a signed document is valid: milliseconds since 1970. */
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
      remedy: `by this clock it becomes valid in ${minutes(start - now)}; compare the clocks with lander fleet check`,
    })
  if (now >= expiresAt)
    throw new RefusedError('EXPIRED', `the ${name} has expired`, {
      remedy: `by this clock it expired ${minutes(now - expiresAt)} ago; sign it again, or compare the clocks with lander fleet check`,
    })
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`
}
