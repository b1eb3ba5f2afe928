/**
 * What helps against each refusal. A refusal is terse on the wire, for it teaches an attacker nothing; to the person at
 * this end, who may be the one entitled, the way on is said here.
 */
import type { RefusalCode, WireError } from '../../lib/errors.ts'

const PACK_ANEW = 'pack and sign it anew with lander pack, and send that file unchanged'
const SAME_VERSION = 'use the version of Lander that is deployed: lander fleet check shows it'
const ASK_OPERATOR = 'ask the operator of the fleet to look at lander trust list'
const RECEIPT_AS_WRITTEN = 'use the file as lander run --receipts wrote it'
const RUN_ANEW = 'run the agent anew'

const REMEDIES: Readonly<Record<RefusalCode, string>> = {
  REQUEST_MALFORMED: SAME_VERSION,
  REQUEST_TOO_LARGE: 'send a smaller agent or a smaller input; large data belongs in a bucket',
  BUNDLE_MALFORMED: `name a file that lander pack wrote, or ${PACK_ANEW}`,
  BUNDLE_TRUNCATED: `copy the whole file, or ${PACK_ANEW}`,
  BUNDLE_TOO_LARGE: 'leave out of the agent what it does not need',
  BUNDLE_NOT_FOUND: 'send it again: the region keeps bundles for a limited time',
  ENVELOPE_MALFORMED: PACK_ANEW,
  SIGNATURE_MISSING: 'sign it with --key FILE',
  SIGNATURE_INVALID: 'use the file as it was signed, with the key that signed it, for the fleet it was signed for',
  KEY_UNKNOWN: 'have the operator run lander trust add KEY.pub --publish; functions take it up within 30 seconds',
  KEY_INVALID: 'make a new key with lander keygen',
  KEY_REVOKED: 'make a new key with lander keygen, and have the operator trust it; a revoked one stays so',
  KEY_EXPIRED: 'have the operator extend it: lander trust add KEY.pub --until 365d --publish',
  MANIFEST_MALFORMED: PACK_ANEW,
  ORDER_MALFORMED: SAME_VERSION,
  ORDER_MISMATCH: 'send the order with the bundle it was made for: lander run does both',
  DIGEST_MISMATCH: `it was altered on its way: ${PACK_ANEW}`,
  ENGINE_MISMATCH: `${SAME_VERSION}, then pack the agent anew`,
  WRONG_FLEET: 'sign it for this fleet: lander pack --fleet NAME, or --fleet "*"',
  WRONG_REGION: 'sign it for this region too: lander pack --regions; and see whether the key may land there',
  NOT_YET_VALID: 'set the clock of this machine; lander fleet check compares it with the regions',
  EXPIRED: 'pack it anew; --expires says how long it holds',
  POLICY_MALFORMED: 'publish the policy anew: lander trust publish',
  POLICY_DENIED: ASK_OPERATOR,
  REPLAYED: `${RUN_ANEW}: an order lands only once`,
  SUPERSEDED: 'follow the attempt that has taken its place: lander status shows it',
  LANDING_BUSY: 'ask again later: the agent may be at work there still',
  CANCELLED: `${RUN_ANEW}, if it is wanted after all`,
  RECEIPT_MALFORMED: RECEIPT_AS_WRITTEN,
  RECEIPT_CHAIN_BROKEN: 'name every receipt of the mission, none of them altered',
  RECEIPT_MISMATCH: 'do not rely on this answer; tell the operator of the fleet',
  REPLY_MISMATCH: 'do not rely on this answer; tell the operator of the fleet',
  SECRET_MALFORMED: 'have the operator look at the secret of the fleet, or give it a new one: lander fleet rotate',
  EPOCH_UNKNOWN: 'bring the fleet file up to date with lander fleet check',
  STATE_NOT_FOUND: RUN_ANEW,
  STATE_MALFORMED: RUN_ANEW,
  STATE_TOO_LARGE: 'carry less in the agent when it hops; large data belongs in a bucket',
  STATE_MISMATCH: RUN_ANEW,
  STATE_STALE: RUN_ANEW,
  STATE_EXPIRED: `${RUN_ANEW}: its order ran out on the way`,
  STATE_INVALID: RUN_ANEW,
  KERNEL_MALFORMED: 'pack it with kernels that lander compiled, or correct the binary: docs/kernels.md has the rules',
  KERNEL_MISMATCH: `${PACK_ANEW}; with --kernels both, by the version of Lander that is deployed`,
}

/** An error with a remedy: its own, or the one for its code, where there is one. */
export function withRemedy<E extends Pick<WireError, 'code' | 'remedy'>>(error: E): E {
  const remedy = error.remedy ?? (Object.hasOwn(REMEDIES, error.code) ? REMEDIES[error.code as RefusalCode] : undefined)
  return remedy === undefined ? error : { ...error, remedy }
}
