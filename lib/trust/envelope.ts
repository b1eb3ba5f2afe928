import * as v from 'valibot'
import { MAX_PAYLOAD_BYTES } from '../bundle/document.ts'
import { fromBase64, toBase64 } from '../encoding/base64url.ts'
import { concatBytes, utf8 } from '../encoding/bytes.ts'
import { RefusedError } from '../errors.ts'
import { SIGNATURE_BYTES } from './ed25519.ts'
import type { SigningKey } from './keys.ts'
import { signDetached } from './sign.ts'

/**
 * Signed documents travel in a strict profile of DSSE (github.com/secure-systems-lab/dsse, v1.0). The signature also
 * covers the payload's type, and the payload is parsed from the bytes that were verified.
 *
 * Stricter than DSSE: one base64 alphabet in canonical form, one to four signatures by distinct keys, all of which must
 * be valid, no unknown fields, and a bounded payload.
 */

/** One signature of an {@link Envelope}. */
export interface Signature {
  /** The key to verify with. Not authenticated until the signature has been verified. */
  readonly keyId: string
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** A payload with signatures, decoded but not verified. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly Signature[]
}

/** An {@link Envelope} as JSON, with the field names of DSSE. */
export interface EnvelopeJson {
  /** In base64. */
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}

export const MAX_SIGNATURES = 4

/** The bytes to sign: DSSE's pre-authentication encoding, `DSSEv1 ‹length› ‹type› ‹length› ‹payload›`. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  return concatBytes(utf8(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload)
}

/**
 * Signs a payload with one to four distinct keys.
 *
 * @throws RefusedError `SIGNATURE_MISSING` for no key, `ENVELOPE_MALFORMED` for more than four keys or the same key
 *   twice
 */
export function signEnvelope(payloadType: string, payload: Uint8Array, keys: readonly SigningKey[]): Envelope {
  const message = preAuthEncoding(payloadType, payload)
  const signatures = keys.map((key) => ({ keyId: key.keyId, signature: signDetached(message, key) }))
  requireSignatures(signatures)
  return { payloadType, payload, signatures }
}

/** The envelope as JSON, for requests and files. */
export function envelopeToJson({ payloadType, payload, signatures }: Envelope): EnvelopeJson {
  const sigs = signatures.map(({ keyId, signature }) => ({ keyid: keyId, sig: toBase64(signature) }))
  return { payload: toBase64(payload), payloadType, signatures: sigs }
}

const KEY_ID = /^[\w-]{22}$/

const envelopeJson = (maxPayloadBytes: number) =>
  v.strictObject({
    payload: v.pipe(v.string(), v.maxLength(base64Length(maxPayloadBytes))),
    payloadType: v.pipe(v.string(), v.maxLength(128)),
    signatures: v.pipe(
      v.array(
        v.strictObject({
          keyid: v.pipe(v.string(), v.regex(KEY_ID)),
          sig: v.pipe(v.string(), v.length(base64Length(SIGNATURE_BYTES))),
        }),
      ),
      v.maxLength(MAX_SIGNATURES),
    ),
  })

/**
 * Decodes an envelope from parsed JSON.
 *
 * @throws RefusedError `ENVELOPE_MALFORMED`, or `SIGNATURE_MISSING` when the list of signatures is empty.
 */
export function parseEnvelope(value: unknown, maxPayloadBytes = MAX_PAYLOAD_BYTES): Envelope {
  const parsed = v.safeParse(envelopeJson(maxPayloadBytes), value, { abortEarly: true })
  if (!parsed.success) throw malformed()
  const { payload, payloadType, signatures } = parsed.output
  const decoded = signatures.map(({ keyid, sig }) => ({ keyId: keyid, signature: decodeBase64(sig) }))
  requireSignatures(decoded)
  return { payloadType, payload: decodeBase64(payload), signatures: decoded }
}

// count of signatures, 1 byte | count × (key id, 22 bytes of ASCII | signature, 64 bytes) | payload
const KEY_ID_BYTES = 22
const RECORD_BYTES = KEY_ID_BYTES + SIGNATURE_BYTES

/**
 * The binary form of an envelope, for bundle files. It omits the payload's type, which the file's format determines.
 */
export function encodeEnvelope({ payload, signatures }: Envelope): Uint8Array {
  const records = signatures.flatMap(({ keyId, signature }) => [utf8(keyId), signature])
  return concatBytes(Uint8Array.of(signatures.length), ...records, payload)
}

/**
 * Decodes an envelope from its binary form.
 *
 * @throws RefusedError `ENVELOPE_MALFORMED`, or `SIGNATURE_MISSING` when it has no signature.
 */
export function decodeEnvelope(bytes: Uint8Array, payloadType: string): Envelope {
  const count = bytes[0] ?? 0
  const payloadStart = 1 + count * RECORD_BYTES
  if (count > MAX_SIGNATURES || bytes.length < payloadStart) throw malformed()
  if (bytes.length - payloadStart > MAX_PAYLOAD_BYTES) throw malformed()
  const signatures = Array.from({ length: count }, (_, index) => decodeRecord(bytes, 1 + index * RECORD_BYTES))
  requireSignatures(signatures)
  return { payloadType, payload: bytes.subarray(payloadStart), signatures }
}

function decodeRecord(bytes: Uint8Array, start: number): Signature {
  const signatureStart = start + KEY_ID_BYTES
  const keyId = String.fromCharCode(...bytes.subarray(start, signatureStart))
  if (!KEY_ID.test(keyId)) throw malformed()
  return { keyId, signature: bytes.slice(signatureStart, signatureStart + SIGNATURE_BYTES) }
}

function requireSignatures(signatures: readonly Signature[]): void {
  if (signatures.length === 0) throw new RefusedError('SIGNATURE_MISSING', 'the envelope has no signature')
  const distinct = new Set(signatures.map(({ keyId }) => keyId)).size
  if (signatures.length > MAX_SIGNATURES || distinct < signatures.length) throw malformed()
}

function decodeBase64(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch {
    throw malformed()
  }
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3)
}

function malformed(): RefusedError {
  return new RefusedError('ENVELOPE_MALFORMED', 'the envelope is malformed')
}
