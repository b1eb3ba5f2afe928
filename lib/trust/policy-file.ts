import { parseStrictJson } from '../encoding/strict-json.ts'
import { RefusedError } from '../errors.ts'
import { requireMediaTypeVersion } from '../format-version.ts'
import { parseEnvelope } from './envelope.ts'
import type { KeyPolicy } from './key-policy.ts'
import { MAX_POLICY_BYTES, POLICY_TYPE, type PolicyChecks, parsePolicy, verifyPolicy } from './policy.ts'

/** The largest file with a signed key policy. Base64 makes the payload a third larger. */
export const MAX_POLICY_FILE_BYTES = 2 * MAX_POLICY_BYTES

/**
 * Verifies a key policy from the bytes of its file.
 *
 * @throws RefusedError `POLICY_MALFORMED` for a file that is not JSON, or a code of {@link verifyPolicy}
 */
export function verifyPolicyFile(bytes: Uint8Array, checks: PolicyChecks): KeyPolicy {
  return verifyPolicy(parseFile(bytes), checks)
}

/**
 * The same, but also accepts an expired policy: for the operator, who renews it with every change.
 *
 * @throws RefusedError as {@link verifyPolicyFile}, except `NOT_YET_VALID` and `EXPIRED`
 */
export function verifyOwnPolicyFile(bytes: Uint8Array, checks: Omit<PolicyChecks, 'now'>): KeyPolicy {
  const envelope = parseFile(bytes)
  const { payloadType, payload } = parseEnvelope(envelope, MAX_POLICY_BYTES)
  requireMediaTypeVersion(payloadType, POLICY_TYPE)
  const { issuedAt } = parsePolicy(payload)
  return verifyPolicy(envelope, { ...checks, now: issuedAt })
}

function parseFile(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes, { maxLength: MAX_POLICY_FILE_BYTES })
  } catch (cause) {
    throw new RefusedError('POLICY_MALFORMED', 'the key policy is malformed', { cause })
  }
}
