/**
 * Holds a reply against the landing that it answers. A reply can be genuine and still be the wrong one: an earlier
 * landing's, another mission's, another region's. Pure.
 */
import { RefusedError } from '../errors.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { OrderFacts } from '../trust/order.ts'
import { readReceipt } from '../trust/receipt.ts'

/** A landing that was asked for. */
export interface AskedLanding {
  readonly order: Pick<OrderFacts, 'mission' | 'manifest' | 'input' | 'sender'>
  readonly place: string
  readonly branch: string
  readonly sequence: number
}

/** How a landing ended, as far as it has to agree with what was asked. */
interface Ending {
  readonly kind: string
  readonly agent?: { readonly branch: string; readonly sequence: number }
}

/**
 * Requires that a landing result is of this landing. The signature of its receipt is not checked here: a relay has no
 * key for that, so its client does.
 *
 * @throws RefusedError `REPLY_MISMATCH` that names the field, or a code of `readReceipt`
 */
export function requireReplyTo(asked: AskedLanding, landingResult: LandingResult<Ending>): void {
  const { order, place, branch, sequence } = asked
  const { outcome, receipt } = landingResult
  requireEqual(place, { place, mission: order.mission, manifest: order.manifest }, landingResult)
  if (outcome.agent !== undefined) requireEqual(place, { branch, sequence: sequence + 1 }, outcome.agent)
  if (receipt === undefined) return
  const said = readReceipt(receipt)
  const { mission, manifest, input, sender } = order
  requireEqual(place, { region: place, mission, manifest, branch, sequence, input, sender }, said)
  if (said.entry === 'merge') throw mismatch(place, 'entry')
}

function requireEqual<T extends object>(place: string, asked: T, replied: { readonly [K in keyof T]: unknown }): void {
  for (const [name, value] of Object.entries(asked)) if (replied[name as keyof T] !== value) throw mismatch(place, name)
}

/** @param what the field in which the reply is another one's */
export function mismatch(place: string, what: string): RefusedError {
  return new RefusedError('REPLY_MISMATCH', `the answer of ${place} is not to what was asked (${what})`)
}
