import { RefusedError } from '../errors.ts'
import type { LandingResult } from '../host/landing-result.ts'
import type { Outcome } from '../sandbox/contract/outcome.ts'
import {
  type ReceiptTrust,
  resultDigest,
  summarizeObjects,
  type VerifiedReceipt,
  verifyReceipt,
} from '../trust/receipt.ts'

/** A run's outcome, or that it ended by leaving. */
type Ending = Outcome | { readonly kind: 'departed' }

/**
 * Verifies the receipt of a landing result, and that the landing result is what its receipt says: this result, of this code, in
 * this region, from these objects.
 *
 * @throws RefusedError `RECEIPT_MISMATCH`, or a code of `verifyReceipt`
 */
export function verifyLandingResult(landingResult: LandingResult<Ending>, trust: ReceiptTrust): VerifiedReceipt {
  const { place, mission, manifest, outcome, usage, reads } = landingResult
  const verified = verifyReceipt(landingResult.receipt, trust)
  const claimed = {
    region: place,
    mission,
    manifest,
    outcome: outcome.kind,
    result: outcome.kind === 'completed' ? resultDigest(outcome.value) : null,
    bytesReturned: usage.bytesReturned,
  }
  const { receipt } = verified
  for (const [name, value] of Object.entries(claimed))
    if (receipt[name as keyof typeof claimed] !== value) throw mismatch(place, name)
  if (receipt.objects.digest !== summarizeObjects(reads).digest) throw mismatch(place, 'objects')
  return verified
}

function mismatch(region: string, name: string): RefusedError {
  return new RefusedError('RECEIPT_MISMATCH', `the answer of ${region} is not what its receipt says (${name})`)
}
