import * as v from 'valibot'
import {
  ANY,
  areDistinct,
  count,
  digest,
  documentPayload,
  fleetName,
  grantedScopes,
  label,
  limits,
  parseDocument,
  regionName,
  time,
} from '../bundle/document.ts'
import { fromBase64url } from '../encoding/base64url.ts'
import { RefusedError } from '../errors.ts'
import { FORMAT_VERSION, FORMATS, mediaType } from '../format-version.ts'
import { type EnvelopeJson, envelopeToJson, MAX_SIGNATURES, parseEnvelope, signEnvelope } from './envelope.ts'
import type { KeyGrant, KeyPolicy } from './key-policy.ts'
import { keyIdOf, type SigningKey } from './keys.ts'
import { requireInTime } from './validity.ts'
import { verifySignatures } from './verify.ts'

/** The payload type an envelope binds to a key policy. */
export const POLICY_TYPE = mediaType('policy')

/** The largest payload of a key policy. */
export const MAX_POLICY_BYTES = 256 * 1024

/** Up to 64 names, or `'*'` among them for any. */
const namesOrAny = (name: typeof fleetName) =>
  v.pipe(
    v.array(v.union([v.literal(ANY), name])),
    v.maxLength(64),
    v.check((all) => areDistinct(all)),
  )

const grant = v.pipe(
  v.strictObject({
    keyId: v.string(),
    publicKey: v.pipe(v.string(), v.length(43)),
    name: label,
    status: v.picklist(['active', 'revoked']),
    roles: v.pipe(
      v.array(v.picklist(['author', 'sender'])),
      v.maxLength(2),
      v.check((all) => areDistinct(all)),
    ),
    notBefore: time,
    notAfter: time,
    fleets: namesOrAny(fleetName),
    regions: namesOrAny(regionName),
    scopes: grantedScopes,
    limits,
    compiles: v.boolean(),
    exportState: v.optional(v.boolean()),
  }),
  v.check(({ keyId, publicKey }) => keyIdOf(fromBase64url(publicKey)) === keyId),
) satisfies v.GenericSchema<unknown, KeyGrant>

const policy = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  fleet: fleetName,
  version: count(Number.MAX_SAFE_INTEGER),
  issuedAt: time,
  expiresAt: time,
  keys: v.pipe(
    v.array(grant),
    v.maxLength(512),
    v.check((keys) => areDistinct(keys.map(({ keyId }) => keyId))),
  ),
  threshold: v.pipe(count(MAX_SIGNATURES), v.minValue(1)),
  denied: v.pipe(
    v.array(digest),
    v.maxLength(1024),
    v.check((all) => areDistinct(all)),
  ),
}) satisfies v.GenericSchema<unknown, KeyPolicy>

const kind = { ...FORMATS.policy, code: 'POLICY_MALFORMED', maxBytes: MAX_POLICY_BYTES } as const

/**
 * Reads a key policy from the bytes that were signed: at most 256 KB, no unknown fields, every key under its own id.
 *
 * @throws RefusedError `POLICY_MALFORMED`
 */
export function parsePolicy(payload: Uint8Array): KeyPolicy {
  return parseDocument(policy, payload, kind)
}

/**
 * Signs a key policy with the fleet's root key.
 *
 * @throws RefusedError `POLICY_MALFORMED` for a policy that no place would accept
 */
export function signPolicy(value: KeyPolicy, rootKey: SigningKey): EnvelopeJson {
  return envelopeToJson(signEnvelope(POLICY_TYPE, documentPayload(policy, value, kind), [rootKey]))
}

/** What a key policy is checked against. */
export interface PolicyChecks {
  /** The fleet's root public key, 32 bytes. */
  readonly rootKey: Uint8Array
  readonly fleet: string
  readonly now: number
  /** The latest version seen so far. An older policy is refused as a replay. @default 0 */
  readonly notOlderThan?: number
}

/**
 * Verifies a key policy: signed only by the fleet's root key, for this fleet, currently valid, and not older than one
 * that has been seen.
 *
 * @param envelope an {@link EnvelopeJson}.
 * @throws RefusedError `ENVELOPE_MALFORMED`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `KEY_INVALID`,
 *   `POLICY_MALFORMED`, `WRONG_FLEET`, `NOT_YET_VALID`, `EXPIRED` or `REPLAYED`
 */
export function verifyPolicy(envelope: unknown, { rootKey, fleet, now, notOlderThan = 0 }: PolicyChecks): KeyPolicy {
  const decoded = parseEnvelope(envelope, MAX_POLICY_BYTES)
  const rootKeyId = keyIdOf(rootKey)
  const verified = parsePolicy(
    verifySignatures(decoded, POLICY_TYPE, (keyId) => {
      if (keyId === rootKeyId) return rootKey
      throw new RefusedError('KEY_UNKNOWN', 'the key policy is not by the root key of this fleet')
    }),
  )
  if (verified.fleet !== fleet) throw new RefusedError('WRONG_FLEET', 'the key policy is for another fleet')
  requireInTime('key policy', verified, now)
  if (verified.version < notOlderThan)
    throw new RefusedError('REPLAYED', `version ${verified.version} of the key policy is older than ${notOlderThan}`)
  return verified
}
