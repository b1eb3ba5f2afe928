import { UnreachableError } from '../errors.ts'
import { CLOCK_SKEW_MS } from '../trust/validity.ts'

/** Minutes that a place's clock is ahead of this machine's, if that is too far for signatures to be in their time. */
export function explainSkew(skewMs: number, place: string): UnreachableError | undefined {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS) return undefined
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const fact = `this machine's clock is ${minutes} minutes ${skewMs > 0 ? 'behind' : 'ahead of'} that of ${place}`
  return new UnreachableError('CLOCK_SKEW', fact, { remedy: 'set the clock: signatures hold in their time only' })
}

interface SdkError {
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

// What AWS's services say to a signature that is out of its time, among other things.
const SIGNATURE_ERRORS = [
  'InvalidSignatureException',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'SignatureDoesNotMatch',
]

/** Whether a refused request was refused for its time: the answer's `Date` tells. */
export function explainRefusedSignature(error: unknown, place: string, now: number): UnreachableError | undefined {
  const { name } = error as Error
  const date = Date.parse((error as SdkError).$response?.headers?.date ?? '')
  return SIGNATURE_ERRORS.includes(name) && !Number.isNaN(date) ? explainSkew(date - now, place) : undefined
}
