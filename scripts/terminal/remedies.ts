/**
 * Remedies for refusals. Regions send refusals without a remedy, so that an attacker learns nothing. The CLI adds the
 * remedy for its user.
 */
import type { RefusalCode, WireError } from '../../lib/errors.ts'

const PACK_AGAIN = 'pack and sign it again with lander pack, and send that file unchanged'
const SAME_VERSION = 'use the version of Lander that is deployed; lander fleet check shows it'
const ASK_OPERATOR = 'ask the operator of the fleet to check lander trust list'
const RECEIPT_UNCHANGED = 'use the file that lander run --receipts wrote, unchanged'
const RUN_AGAIN = 'run the agent again'

const REMEDIES: Readonly<Record<RefusalCode, string>> = {
  VERSION_UNSUPPORTED: SAME_VERSION,
  REQUEST_MALFORMED: SAME_VERSION,
  REQUEST_TOO_LARGE: 'send a smaller agent or a smaller input; large data belongs in a bucket',
  BUNDLE_MALFORMED: `name a file that lander pack wrote, or ${PACK_AGAIN}`,
  BUNDLE_TRUNCATED: `copy the whole file, or ${PACK_AGAIN}`,
  BUNDLE_TOO_LARGE: 'remove code from the agent that it does not need',
  BUNDLE_NOT_FOUND: 'send it again; regions delete old bundles',
  ENVELOPE_MALFORMED: PACK_AGAIN,
  SIGNATURE_MISSING: 'sign it with --key FILE',
  SIGNATURE_INVALID: 'use the signed file unchanged, with the key that signed it, in the fleet for which it was signed',
  KEY_UNKNOWN: 'ask the operator to run lander trust add KEY.pub --publish; functions apply it within 30 seconds',
  KEY_INVALID: 'create a new key with lander keygen',
  KEY_REVOKED: 'create a new key with lander keygen and ask the operator to trust it; a revoked key stays revoked',
  KEY_EXPIRED: 'ask the operator to extend it: lander trust add KEY.pub --until 365d --publish',
  MANIFEST_MALFORMED: PACK_AGAIN,
  ORDER_MALFORMED: SAME_VERSION,
  ORDER_MISMATCH: 'send the order with the bundle for which it was signed; lander run does so',
  DIGEST_MISMATCH: `the bundle was changed after it was signed: ${PACK_AGAIN}`,
  ENGINE_MISMATCH: `${SAME_VERSION}, then pack the agent again`,
  WRONG_FLEET: 'sign it for this fleet: lander pack --fleet NAME, or --fleet "*"',
  WRONG_REGION: 'sign it for this region too (lander pack --regions), and check that the key may land there',
  NOT_YET_VALID: 'set the client’s clock; lander fleet check compares it with the regions',
  EXPIRED: 'pack it again; --expires sets how long it is valid',
  POLICY_MALFORMED: 'publish the policy again: lander trust publish',
  POLICY_DENIED: ASK_OPERATOR,
  REPLAYED: `${RUN_AGAIN}: an order lands only once`,
  SUPERSEDED: 'follow the attempt that replaced it; lander status shows it',
  LANDING_BUSY: 'try again later; the agent may still be running there',
  CANCELLED: `${RUN_AGAIN} if you still want its result`,
  RECEIPT_MALFORMED: RECEIPT_UNCHANGED,
  RECEIPT_CHAIN_BROKEN: 'name every receipt of the mission, unchanged and in order',
  RECEIPT_MISMATCH: 'do not rely on this result, and tell the operator of the fleet',
  REPLY_MISMATCH: 'do not rely on this result, and tell the operator of the fleet',
  SECRET_MALFORMED: 'ask the operator to check the fleet’s secret, or to replace it with lander fleet rotate',
  EPOCH_UNKNOWN: 'update the fleet file with lander fleet check',
  STATE_NOT_FOUND: RUN_AGAIN,
  STATE_MALFORMED: RUN_AGAIN,
  STATE_TOO_LARGE: 'keep less data in the agent when it hops; large data belongs in a bucket',
  STATE_MISMATCH: RUN_AGAIN,
  STATE_STALE: RUN_AGAIN,
  STATE_EXPIRED: `${RUN_AGAIN}; its order expired before it landed`,
  STATE_INVALID: RUN_AGAIN,
  KERNEL_MALFORMED: 'pack it with kernels that Lander compiled, or correct the binary; docs/kernels.md has the rules',
  KERNEL_MISMATCH: `${PACK_AGAIN}; with --kernels both, use the version of Lander that is deployed`,
}

/** The error with its own remedy, or with the remedy for its code if there is one. */
export function withRemedy<E extends Pick<WireError, 'code' | 'remedy'>>(error: E): E {
  const remedy = error.remedy ?? (Object.hasOwn(REMEDIES, error.code) ? REMEDIES[error.code as RefusalCode] : undefined)
  return remedy === undefined ? error : { ...error, remedy }
}
