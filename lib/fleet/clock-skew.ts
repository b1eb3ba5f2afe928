import { UnreachableError } from '../errors.ts'
import { CLOCK_SKEW_MS } from '../trust/validity.ts'

/**
 * The error for a clock skew that makes signatures fail; `undefined` for a small skew.
 *
 * @param skewMs milliseconds that the clock of `place` is ahead of the client's
 */
export function explainSkew(skewMs: number, place: string): UnreachableError | undefined {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS) return undefined
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const fact = `the client's clock is ${minutes} minutes ${skewMs > 0 ? 'behind' : 'ahead of'} that of ${place}`
  return new UnreachableError('CLOCK_SKEW', fact, { remedy: 'set the clock: signatures are valid for a limited time' })
}

interface SdkError {
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

// Error codes of AWS services for a signature outside its validity, and for other faults of signatures.
const SIGNATURE_ERRORS = [
  'InvalidSignatureException',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'SignatureDoesNotMatch',
]

/** The error for a request that AWS refused because of the clock, judged by the answer's `Date`; else `undefined`. */
export function explainRefusedSignature(error: unknown, place: string, now: number): UnreachableError | undefined {
  const { name } = error as Error
  const date = Date.parse((error as SdkError).$response?.headers?.date ?? '')
  return SIGNATURE_ERRORS.includes(name) && !Number.isNaN(date) ? explainSkew(date - now, place) : undefined
}
