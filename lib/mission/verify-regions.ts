/** Holds what regions answered against the order of their mission, and against what their receipts say. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { toWireError } from '../errors.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { receiptTrustOf } from '../fleet/receipt-keys.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { RegionResult } from '../relay/region-result.ts'
import type { RouteStep } from '../relay/relay.ts'
import { type AskedLanding, mismatch, requireReplyTo } from '../relay/require-reply-to.ts'
import { verifyReceiptChain } from '../trust/receipt.ts'
import { verifyLandingResult } from './verify-receipts.ts'

/** A mission's order, and the fleet it was for. */
export interface RegionsTrust {
  readonly fleet: Pick<Fleet, 'name' | 'receiptKeys'>
  readonly order: AskedLanding['order']
}

/** Whether the receipts of a fleet can be verified: its file has the keys. */
export const hasReceiptKeys = ({ receiptKeys }: Pick<Fleet, 'receiptKeys'>): boolean => receiptKeys.length > 0

/**
 * Verifies what became of the agent of one region: its landings are those that were asked for, in order and without a
 * gap; the last of them gave the result; and where the fleet file has receipt keys, each has a receipt that covers it.
 *
 * @throws RefusedError `REPLY_MISMATCH`, `RECEIPT_MISMATCH`, `RECEIPT_CHAIN_BROKEN`, or a code of `verifyReceipt`
 */
export function verifyRegion(result: RegionResult, { fleet, order }: RegionsTrust): void {
  const { region, landingResult, route = [] } = result
  const own = route.filter(({ branch }) => branch === region)
  if (own.some(({ sequence }, index) => sequence !== index)) throw mismatch(region, 'route')
  if (own.length > 0 && own[0]!.place !== region) throw mismatch(region, 'region')
  if (landingResult !== undefined && !isResultOf(landingResult, own.at(-1))) throw mismatch(region, 'route')
  for (const step of route) requireReplyTo({ order, ...step }, step.landingResult)
  if (!hasReceiptKeys(fleet)) return
  const trust = receiptTrustOf(fleet)
  const verified = new Map(route.map((step) => [step, verifyLandingResult(step.landingResult, trust)]))
  verifyReceiptChain(own.map((step) => verified.get(step)!))
}

/** Results whose verification fails become errors: the other regions' stay what they are. */
export function withVerified(results: readonly RegionResult[], trust: RegionsTrust): RegionResult[] {
  return results.map((result) => {
    try {
      verifyRegion(result, trust)
      return result
    } catch (error) {
      const { region, bytesMoved, seconds } = result
      return { region, route: [], bytesMoved, seconds, error: toWireError(error) }
    }
  })
}

/** Whether a result is that of a route's last landing. What a receipt covers decides. */
function isResultOf(landingResult: LandingResult, last: RouteStep | undefined): boolean {
  return last !== undefined && isDeepStrictEqual(coveredBy(landingResult), coveredBy(last.landingResult))
}

function coveredBy({ mission, place, manifest, outcome, usage, reads, receipt }: RouteStep['landingResult']) {
  const value = outcome.kind === 'completed' ? outcome.value : undefined
  return { mission, place, manifest, kind: outcome.kind, value, usage, reads, receipt }
}
