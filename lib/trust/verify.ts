import { fromBase64url } from '../encoding/base64url.ts'
import { RefusedError } from '../errors.ts'
import { requireMediaTypeVersion } from '../format-version.ts'
import { admitKey, verifyStrict } from './ed25519.ts'
import { type Envelope, preAuthEncoding } from './envelope.ts'
import type { KeyGrant } from './key-policy.ts'
import type { Keyring } from './keyring.ts'

/** A payload whose signatures are all valid, and the keys that signed it. */
export interface SignedPayload {
  readonly payload: Uint8Array
  /** One grant for each signature, by distinct keys. */
  readonly signers: readonly KeyGrant[]
}

/**
 * Verifies an envelope with a fleet's keys. The fleet must know the key of every signature, and the key must be active
 * and currently valid. The signature covers the payload and its type. `authorise` decides what the keys may do.
 *
 * @param now milliseconds since 1970.
 * @throws RefusedError `VERSION_UNSUPPORTED`, `ENVELOPE_MALFORMED`, `EXPIRED` (the policy), `KEY_UNKNOWN`,
 *   `KEY_REVOKED`, `KEY_EXPIRED`, `NOT_YET_VALID` (a key), `KEY_INVALID` or `SIGNATURE_INVALID`
 */
export function verifyEnvelope(envelope: Envelope, expectedType: string, keyring: Keyring, now: number): SignedPayload {
  requireMediaTypeVersion(envelope.payloadType, expectedType)
  if (now >= keyring.expiresAt) throw new RefusedError('EXPIRED', 'the key policy has expired')
  const signers = envelope.signatures.map(({ keyId }) => usableGrant(keyring, keyId, now))
  const publicKeyOf = (keyId: string) => fromBase64url(keyring.keys.get(keyId)!.publicKey)
  return { payload: verifySignatures(envelope, expectedType, publicKeyOf), signers }
}

/**
 * Verifies every signature of an envelope and returns its payload.
 *
 * @param publicKeyOf returns the trusted key with an id, or throws if there is none
 * @throws RefusedError `VERSION_UNSUPPORTED`, `ENVELOPE_MALFORMED`, `SIGNATURE_MISSING`, `KEY_INVALID` or
 *   `SIGNATURE_INVALID`
 */
export function verifySignatures(
  { payloadType, payload, signatures }: Envelope,
  expectedType: string,
  publicKeyOf: (keyId: string) => Uint8Array,
): Uint8Array {
  requireMediaTypeVersion(payloadType, expectedType)
  if (payloadType !== expectedType) throw new RefusedError('ENVELOPE_MALFORMED', 'the payload is of another type')
  if (signatures.length === 0) throw new RefusedError('SIGNATURE_MISSING', 'the envelope has no signature')
  const message = preAuthEncoding(expectedType, payload)
  for (const { keyId, signature } of signatures)
    if (!verifyStrict(signature, message, admitKey(publicKeyOf(keyId))))
      throw new RefusedError('SIGNATURE_INVALID', 'a signature is invalid')
  return payload
}

function usableGrant(keyring: Keyring, keyId: string, now: number): KeyGrant {
  const grant = keyring.keys.get(keyId)
  if (!grant)
    throw new RefusedError('KEY_UNKNOWN', 'a signature is by a key that this fleet does not know', {
      remedy: 'have its operator add the key: lander trust add KEY.pub',
    })
  if (grant.status !== 'active') throw new RefusedError('KEY_REVOKED', 'a signature is by a revoked key')
  if (now < grant.notBefore) throw new RefusedError('NOT_YET_VALID', 'a signature is by a key that is not yet valid')
  if (now >= grant.notAfter) throw new RefusedError('KEY_EXPIRED', 'a signature is by an expired key')
  return grant
}
